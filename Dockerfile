# One image for every part of Earwise: Airflow, Spark's master and worker, and the web app. Executors import earwise and
# pymongo, and must run the driver's Python.

FROM python:3.12.12-slim-bookworm AS packages
WORKDIR /build
COPY requirements.txt .
# uv comes from the lock as well: pip installs its entry alone, hashes included, and uv the rest.
RUN awk '/^[a-z0-9]/ { wanted = /^uv==/ } wanted' requirements.txt > uv.txt \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes --requirement uv.txt \
    && uv venv --python /usr/local/bin/python3 /opt/venv \
    && uv pip install --no-cache --python /opt/venv/bin/python --no-deps --require-hashes --compile-bytecode \
        --requirement requirements.txt

FROM python:3.12.12-slim-bookworm
# Spark needs a Java runtime, and its launch scripts need ps; OpenBLAS is twice as fast as Java's own BLAS.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless procps libopenblas0-pthread \
    && rm -rf /var/lib/apt/lists/*
# Whoever owns the music on the host may read it here: most desktop accounts are number 1000.
ARG UID=1000
RUN useradd --uid "${UID}" --create-home --shell /usr/sbin/nologin earwise \
    && install --directory --owner=earwise --group=earwise \
        /var/lib/earwise /var/lib/airflow /var/lib/airflow/logs /var/lib/spark
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    VIRTUAL_ENV=/opt/venv \
    PYTHONUNBUFFERED=1 \
    PYSPARK_PYTHON=/opt/venv/bin/python \
    PYSPARK_DRIVER_PYTHON=/opt/venv/bin/python \
    AIRFLOW_HOME=/var/lib/airflow \
    EARWISE_HOME=/var/lib/earwise
WORKDIR /opt/earwise
COPY . .
# Whatever mask the checkout was made with, the image's user may read it.
RUN chmod -R a+rX . && uv pip install --no-cache --no-deps --no-build-isolation --editable .
USER earwise
