# Leeway's image: every process of docker-compose.yml is this image with another command. Runs as a user without rights.
#
#   docker build -t leeway .
#   docker build -t leeway --build-arg TORCH_INDEX=<PyTorch's index of CPU wheels> .     smaller, where torch would bring CUDA

ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ARG TORCH_INDEX=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/leeway
WORKDIR /src
COPY constraints.txt ./
# torch first and by itself: it is nearly all of the image and changes least.
RUN if [ -n "$TORCH_INDEX" ]; then /opt/leeway/bin/pip install --index-url "$TORCH_INDEX" "torch==2.13.0"; \
    else /opt/leeway/bin/pip install -c constraints.txt "torch==2.13.0"; fi
COPY pyproject.toml README.md LICENSE ./
COPY connectors connectors
COPY models models
COPY pipeline pipeline
COPY alerts alerts
COPY leeway leeway
COPY web web
COPY simulator simulator
COPY migrations migrations
# Without -c for torch: the line above may have taken a wheel whose version has a suffix. What pip compiles is kept: a process
# of the image may not write, and would compile all that it imports at each start.
RUN grep -v '^torch==' constraints.txt > pins.txt && /opt/leeway/bin/pip install -c pins.txt .
# The model is converted here, so that no process of the image does it at its start.
RUN XDG_CACHE_HOME=/opt/leeway/cache /opt/leeway/bin/python -c "from pipeline.encode.encoder import bundled; bundled('float32')"

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/leeway --create-home leeway
COPY --from=build /opt/leeway /opt/leeway
ENV PATH=/opt/leeway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LEEWAY_CONFIG=/etc/leeway/leeway.toml \
    OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 HOME=/tmp XDG_CACHE_HOME=/opt/leeway/cache
USER 10001
WORKDIR /var/lib/leeway
STOPSIGNAL SIGTERM
CMD ["leeway", "--help"]
