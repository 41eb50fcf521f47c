# Wangge: everything a developer types. `make help` lists it.
#
# The environment stands in .venv, made with the first Python >= 3.11 that runs, from locked packages
# with hashes. Paths are relative and `python -m` is used throughout, so the folder may have spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
export PYTHONUTF8 := 1

# The lock files name no registry host.
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header pyproject.toml
# PYTHON=… puts another one first.
PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python
NEW_ENOUGH := 'import sys; sys.exit(sys.version_info < (3, 11))'

PORT ?= 8000
DATA ?= var
SCALE ?= town
TESTS ?=
FUZZ_SECONDS ?= 30
FUZZ_SEED := $(or $(FUZZ_SEED),$(shell date +%s))
upper = $(shell echo '$(1)' | tr '[:lower:]' '[:upper:]')

.PHONY: help demo test fuzz check bench docs fmt lock clean

help: ## 列出所有命令 / list the commands
	@awk -F ' *## *' '/^[a-z]+:.*##/ { split($$1, name, ":"); printf "  make %-7s %s\n", name[1], $$2 }' Makefile

demo: .venv/demo.stamp ## 从零跑起演示：PORT= DATA= SCALE=village|town|city EXIT=1
	@exec $(PY) -m app demo --port "$(PORT)" --data "$(DATA)" --scale "$(SCALE)" $(if $(filter-out 0,$(EXIT)),--exit)

test: .venv/dev.stamp ## 全部测试；TESTS=路径 只跑一部分 / the whole test suite
	@$(PY) -m pytest -n 2 $(TESTS)

fuzz: .venv/dev.stamp ## 以畸形输入试探接口：FUZZ_SECONDS= 每项多少秒，FUZZ_SEED= 重现某一次
	@echo "FUZZ_SEED=$(FUZZ_SEED) FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@FUZZ_SEED=$(FUZZ_SEED) FUZZ_SECONDS=$(FUZZ_SECONDS) $(PY) -m pytest -n 2 tests/fuzz

check: .venv/dev.stamp ## 格式、规范、类型、分层、迁移与生成文档 / everything but the tests
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -c "from importlinter.cli import lint_imports_command as c; c()"
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && \
		env -u WANGGE_DATABASE_URL WANGGE_DATA_DIR="$$data" $(PY) -m app migrate --check
	$(PY) -m app docs --check

bench: .venv/demo.stamp ## 测量快慢：TICKETS= HOUSEHOLDS= PEOPLE= CONNECTIONS= PROCESSES= SECONDS= ROUNDS= SIZES=1000,1000000 FIGURES=10000,1000000 SCREENS=650
	@$(PY) -m bench --data "$(DATA)" $(foreach name,tickets households people connections processes seconds rounds sizes,\
		$(if $($(call upper,$(name))),--$(name) "$($(call upper,$(name)))"))
	@$(if $(SIZES),:,$(PY) -m bench.due --data "$(DATA)" $(if $(HOMES),--homes "$(HOMES)"))
	@$(if $(SIZES),:,$(PY) -m bench.phones --data "$(DATA)" $(if $(ROUNDS),--rounds "$(ROUNDS)"))
	@$(if $(SIZES),:,$(PY) -m bench.pushing --data "$(DATA)" $(if $(ROUNDS),--rounds "$(ROUNDS)"))
	@$(if $(SIZES),:,$(PY) -m bench.webhooks --data "$(DATA)" $(if $(ROUNDS),--rounds "$(ROUNDS)"))
	@$(if $(SIZES),:,$(PY) -m bench.uploading --data "$(DATA)" $(if $(ROUNDS),--rounds "$(ROUNDS)"))
	@$(if $(SIZES),:,$(PY) -m bench.dashboards --data "$(DATA)" $(if $(ROUNDS),--rounds "$(ROUNDS)") \
		$(if $(FIGURES),--sizes "$(FIGURES)") $(if $(SCREENS),--screens "$(SCREENS)"))

docs: .venv/demo.stamp ## 重写由代码生成的文档 / rewrite the generated documents
	@$(PY) -m app docs

fmt: .venv/dev.stamp ## 整理格式 / format and fix
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lock: ## 重新锁定依赖（需要 uv）/ lock the dependencies anew
	$(COMPILE) -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock

clean: ## 删除环境与缓存，保留 DATA 目录 / remove .venv and caches, keep the data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
	find app bench migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/python.stamp:
	@test -w . || { echo "当前目录不可写，无法建立 .venv：请把项目放到可写的目录。" >&2; exit 1; }
	@if $(PY) -c $(NEW_ENOUGH) 2>/dev/null && $(PIP) --version >/dev/null 2>&1; then \
		touch $@; exit 0; \
	fi; \
	for python in $(PYTHONS); do \
		if "$$python" -c $(NEW_ENOUGH) 2>/dev/null; then \
			echo "建立 .venv（$$("$$python" -V)）"; \
			"$$python" -m venv --clear .venv >/dev/null 2>&1 || { \
				echo "无法建立 .venv：目录不可写，或缺少 Python 的 venv 模块（Debian 系为 python3-venv）。" >&2; \
				exit 1; }; \
			touch $@; exit 0; \
		fi; \
	done; \
	echo "需要 Python 3.11 或更高版本：请安装后重试，或用 make PYTHON=/路径/python3 指定。" >&2; exit 1

.venv/demo.stamp: requirements.lock | .venv/python.stamp
	@echo "安装锁定的依赖：requirements.lock"
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock requirements.lock | .venv/python.stamp
	@echo "安装锁定的开发依赖：requirements-dev.lock"
	@$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r requirements-dev.lock
	@touch $@ .venv/demo.stamp
