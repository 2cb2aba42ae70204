# bnviz in a container; docs/OPERATIONS.md says how to use it.
ARG PYTHON=3.12
FROM python:${PYTHON}-slim

# Where pip finds torch: without it the packages are for CUDA, with the address of PyTorch's CPU
# packages the image is several gigabytes smaller.
ARG TORCH_INDEX=""

ENV PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BNVIZ_CACHE=/cache

# Chromium draws the exported pictures. Its version may follow the base image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends chromium \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 bnviz \
    && install -d -o bnviz -g bnviz /cache

WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN if [ -n "${TORCH_INDEX}" ]; then \
      grep -E '^torch(vision)?==' constraints.txt > torch.txt \
      && python -m pip install --index-url "${TORCH_INDEX}" -r torch.txt; \
    fi \
    && python -m pip install -r requirements.txt -c constraints.txt
COPY . .

USER 1000
VOLUME /cache
EXPOSE 8501
HEALTHCHECK --start-period=60s \
  CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=5)"]
CMD ["python", "-m", "bnviz", "app", "--", "--server.address", "0.0.0.0", "--server.headless", "true"]
