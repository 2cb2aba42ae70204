// Whether any part of an element is on the screen: others need not be drawn while the reader drags.
function inSight(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}
