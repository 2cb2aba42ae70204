"""The only Streamlit in the package: controls, live figures, and the frame around them."""
