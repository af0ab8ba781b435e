# AllOut in a container; compose.yaml beside this file runs it shut in. It needs nothing but the code in this folder and
# what requirements.lock names, each with its hash. The Python is that with which every change is tried.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
COPY requirements.lock /src/
RUN python3 -m venv /opt/allout \
    && /opt/allout/bin/pip install --no-cache-dir --only-binary=:all: --require-hashes -r /src/requirements.lock
COPY LICENSE README.md pyproject.toml /src/
COPY bot /src/bot
COPY examples /src/examples
COPY handlers /src/handlers
RUN /opt/allout/bin/pip install --no-cache-dir --no-build-isolation --no-deps /src \
    && /opt/allout/bin/pip uninstall --yes pip

FROM ${PYTHON}
COPY --from=build /opt/allout /opt/allout
# Where a volume for the data is mounted: it takes the folder's owner.
RUN install -d -m 700 -o 10001 -g 10001 /data
ENV PATH=/opt/allout/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# .env and the data folder are mounted here; nothing else is written.
WORKDIR /srv/allout
USER 10001:10001
# Signals reach the bot itself, which then ends what it has begun.
ENTRYPOINT ["/opt/allout/bin/allout"]
CMD ["run"]
