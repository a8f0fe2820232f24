# Each target with two hashes after it is listed by `make help` under what stands there.
.DEFAULT_GOAL := help
PYTHON_BIN := .venv/bin/python

.PHONY: help setup run test check parity evaluate bench bench-peers soak chaos endurance simulate spikes clean dashboards chart schemas image-chroot lock docs reference wheel sbom licenses audit

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing: .venv, Java, Maven, Kafka
	@scripts/setup

run: setup ## run everything here with a live feed, and print the page's address; Ctrl-C stops it
	@exec .venv/bin/ticketpulse up

test: ## set up, then run every check and all tests against a real broker of their own
	@env -u KAFKA_BROKERS -u TICKETPULSE_LOCAL_DIR scripts/setup --with-browser --with-prometheus \
		--with-dovecot --with-toxiproxy --with-compose --with-peers
	@scripts/check

check: ## the same without the set-up
	@scripts/check

parity: setup ## compare the scorers with the stock libraries on each text of a data folder: make parity DATA=path
	@$(PYTHON_BIN) -m tests.parity $(DATA)

evaluate: setup ## how well what was learned tells what it did not learn from; more with a data folder: make evaluate DATA=path
	@DATA=$(DATA) $(PYTHON_BIN) -m tests.evaluations

bench: setup ## measure throughput and latency, as ratios within one run
	@$(PYTHON_BIN) -m tests.bench

EVENTS ?= 30000
bench-peers: ## the same job on ticketpulse and on four other ways to write it, side by side: make bench-peers EVENTS=30000
	@scripts/setup --with-peers
	@$(PYTHON_BIN) -m tests.peers --events $(EVENTS)

soak: setup ## joins, leaves, kills and pauses of workers for 40 rounds; counts what was lost or doubled
	@$(PYTHON_BIN) -m tests.soak

SEED ?= 1
SECONDS ?= 600
chaos: ## random faults at the real processes for as long as asked: make chaos SECONDS=600 SEED=1
	@scripts/setup --with-toxiproxy
	@$(PYTHON_BIN) -m tests.faults --seconds $(SECONDS) --seed $(SEED)

HOURS ?= 2
endurance: setup ## the pipeline for hours at half of what it can do: does memory grow, does latency: make endurance HOURS=2
	@$(PYTHON_BIN) -m tests.endurance --hours $(HOURS)

RUNS ?= 50000
simulate: setup ## schedules of faults, each drawn from a seed, with time simulated: make simulate RUNS=50000 SEED=1
	@$(PYTHON_BIN) -m tests.simulation --runs $(RUNS) --seed $(SEED)

spikes: setup ## measure how well alerts find spikes, beside two detectors that people use otherwise
	@$(PYTHON_BIN) -m tests.spikes

dashboards: ## write Grafana's dashboards anew from deploy/grafana/generate
	@$(PYTHON_BIN) -m deploy.grafana.generate

chart: setup ## write the topics and the rights that the Helm chart knows
	@.venv/bin/ticketpulse topics wanted | $(PYTHON_BIN) -m json.tool > deploy/helm/ticketpulse/topics.json
	@TICKETPULSE_NAME=ticketpulse .venv/bin/ticketpulse kafka acls -o json | $(PYTHON_BIN) -m json.tool > deploy/helm/ticketpulse/rights.json

schemas: ## write the schemas of the chart's custom resources anew from their own packages; needs Go and Maven
	@$(PYTHON_BIN) -m tests.deploy.custom_resources

reference: setup ## write docs/reference anew from the code
	@$(PYTHON_BIN) -m deploy.docs.generate

docs: setup ## write the documentation as a site to build/site; a broken link or anchor fails
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build -f deploy/docs/mkdocs.yml && echo build/site/index.html

image-chroot: ## build the image without an engine and run a worker of it; as root, with debootstrap (ten minutes and more)
	@$(PYTHON_BIN) -m tests.deploy.image_chroot

lock: ## pin the newest versions that pyproject.toml allows, with their hashes
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --all-extras --no-header \
		--upgrade pyproject.toml -o requirements.lock
	uv pip compile --python-version 3.11 --python-platform linux --generate-hashes --no-emit-index-url --no-header \
		--extra ml --extra llm --constraint requirements.lock pyproject.toml -o deploy/image/requirements.lock
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraint requirements.lock \
		deploy/image/build.in -o deploy/image/build.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade \
		tests/peers/requirements.in -o tests/peers/requirements.lock

wheel: setup ## build the wheel and the source archive into dist, twice, and compare
	@$(PYTHON_BIN) -m deploy.supply.wheel

sbom: setup ## write what the product is made of into dist, as CycloneDX
	@$(PYTHON_BIN) -m deploy.supply.sbom

licenses: setup ## write docs/licenses.md anew; fails for a licence that is unknown or not allowed
	@$(PYTHON_BIN) -m deploy.supply.licenses

audit: setup ## look for known holes in all locked packages; fails when that cannot be known: make audit OSV=address
	@$(PYTHON_BIN) -m deploy.supply.audit $(if $(OSV),--osv $(OSV))

clean: ## remove what set-up and tests made; the data of `make run` in .local stays
	rm -rf .venv .venv-peers build dist *.egg-info .local/kafka/libs .local/kafka/.done .local/kafka/classes.jsa .local/toxiproxy .local/compose \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
