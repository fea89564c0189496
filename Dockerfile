# docker build -t dnabert . && docker run --rm -v "$PWD:/work" dnabert predict --model run sequences.fa --out predictions.tsv
FROM python:3.12-slim

ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1
WORKDIR /opt/dnabert
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt pip install -c constraints.txt ".[hub]"

WORKDIR /work
ENTRYPOINT ["dnabert"]
CMD ["--help"]
