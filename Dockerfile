# One image for the daemon and for every other command, such as:  docker run --rm IMAGE status
#
#   ETL_DATABASE_URL          the database; without it an embedded PostgreSQL lives in the volume /data
#   /app/parsers              the slips in use: mount a folder of yours over it
#   /app/config/default.toml  the settings in use: mount a file of yours over it
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
# The lock comes first: a change of the code does not fetch it again.
COPY requirements.lock ./
RUN python3 -m venv /opt/tools \
    && /opt/tools/bin/python -m pip download --quiet --no-cache-dir --require-hashes --only-binary :all: \
        --requirement requirements.lock --dest wheels \
    && /opt/tools/bin/python -m pip install --quiet --no-index --find-links wheels hatchling
COPY . .
# What the wheel asks for is taken from the wheels that the lock vouches for, and from nowhere else; tests and lint stay behind.
RUN /opt/tools/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir wheels . \
    && python3 -m venv --without-pip /opt/etl-actors \
    && /opt/tools/bin/python -m pip --python /opt/etl-actors/bin/python install --quiet --no-cache-dir \
        --no-index --find-links wheels 'etl-actors[embedded,steps]'

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --user-group --home-dir /data --create-home --shell /usr/sbin/nologin etl
COPY --from=build /opt/etl-actors /opt/etl-actors
COPY parsers /app/parsers
COPY config /app/config
ENV PATH=/opt/etl-actors/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    ETL_DATA_DIR=/data \
    ETL_PARSERS=/app/parsers \
    ETL_HTTP_HOST=0.0.0.0
USER etl
WORKDIR /app
VOLUME /data
EXPOSE 8080
# In exec form, signals reach the program itself: SIGTERM drains it.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request; port = os.environ.get('ETL_HTTP_PORT') or '8080'; port == 'off' or urllib.request.urlopen(f'http://127.0.0.1:{port}/health/live', timeout=2)"]
ENTRYPOINT ["etl-actors", "--config", "/app/config/default.toml"]
CMD ["run"]
