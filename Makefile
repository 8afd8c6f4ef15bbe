# SPDX-License-Identifier: GPL-2.0
# The project's verbs. Each calls one script below testbed/; "make help" lists
# them. Variables on the command line reach the scripts by the environment.

# Other programs have variables of these names in the environment, and mean others.
$(foreach name,TEST MACHINE,$(if $(filter environment,$(origin $(name))),$(eval $(name) :=)))
export BASE DEBUG SUITE LINUX CONFIG V FORCE PATCH AGAIN ROUNDS ACTIONS SECONDS SEED TEST MACHINE GIT

NEED_HOST := run run-vm check fuzz storm tree edit refresh image series lint bench report shell deb release
VERBS := help suites clean $(NEED_HOST)

# Directories here have names, too, that make would call up to date.
UNKNOWN := $(filter-out $(VERBS),$(MAKECMDGOALS))
ifneq ($(UNKNOWN),)
$(error unknown verb $(UNKNOWN): "make help" lists the verbs)
endif

.PHONY: $(VERBS) host
.DEFAULT_GOAL := help

$(NEED_HOST): host
host:
	@testbed/host/packages

help: ## this list
	@echo 'Usage: make VERB [VARIABLE=value]...'
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 10
	@echo
	@echo 'Variables: BASE=pristine  the unpatched kernel (image, check, run-vm)'
	@echo '           DEBUG=1        the debug kernel (KASAN, lockdep, kmemleak ...) (image, check)'
	@echo '           DEBUG=kcsan    the kernel that watches for data races (image, check)'
	@echo '           DEBUG=kcov     the kernel that reports what code was reached (image, fuzz)'
	@echo '           LINUX=dir      a 6.12.y source tree of your own (tree, image, check)'
	@echo '           GIT=1          out/linux-git as well: a commit for each patch (tree)'
	@echo '           SUITE=name     one suite only (check)'
	@echo '           TEST=name      one test of it: a program of the suites passthrough, nested,'
	@echo '                          resets and iommufd, PROGRAM.FIXTURE of the first three, a'
	@echo '                          pattern of suite names for kunit; a wrong name lists them'
	@echo '           MACHINE=name   one machine of passthrough, nested, platform, resets or smmuv2 (check)'
	@echo '           FIXES=1        the fixes of 6.12 alone, for out/series-fixes (series)'
	@echo '           TWICE=1        count everything twice; no count may differ (bench)'
	@echo '           AGAIN=1        also what passed before and has not changed since (check, lint)'
	@echo '           CONFIG=file    a kernel configuration, or debian (deb)'
	@echo '           V=1            show what commands print'

run: ## the main job, from nothing: build, boot, show a device passed through
	@testbed/demo/run
run-vm: ## guests by a real QEMU and KVM, with real devices and SMMUs of their own
	@testbed/demo/run-vm
check: ## every test, from nothing
	@testbed/check/check $(if $(SUITE),--suite $(SUITE))
fuzz: ## iommufd and VFIO fuzzed: SECONDS=60, SEED=1; DEBUG=1 on the debug kernel
	@AGAIN=1 TIMEOUT=$$((1800 + 10 * $(or $(SECONDS),60))) testbed/check/check --suite fuzz
storm: ## all operations on devices in use: ROUNDS=100000, SEED=1, ACTIONS
	@AGAIN=1 ROUNDS=$(or $(ROUNDS),100000) TIMEOUT=$$((1800 + 4 * $(or $(ROUNDS),100000))) \
		testbed/check/check --suite storm
suites: ## names of the suites that check runs
	@testbed/check/check --list
tree: ## out/linux: pristine source plus series (FORCE=1 drops changes by hand)
	@testbed/tree/assemble
	@$(if $(filter-out 0,$(GIT)),testbed/tree/git,:)
edit: ## opens out/linux for changing a patch: make edit PATCH=0003
	@testbed/tree/edit
refresh: ## writes what was changed in out/linux into its patch
	@testbed/tree/refresh
image: ## the test bed's kernel: out/arm64/arch/arm64/boot/Image
	@testbed/kernel/image
series: ## out/series: cover letter and numbered mails; prints the diffstats
	@testbed/tree/series
lint: ## checkpatch, sparse, coccicheck, kernel-doc, clang-format, shellcheck
	@testbed/check/check --suite lint
bench: ## instruction counts, patched beside pristine, and the goals
	@testbed/bench/bench $(if $(filter-out 0,$(TWICE)),--twice)
report: ## out/report.html and out/kcidb.json, of the newest runs
	@testbed/report/report
shell: ## a shell in the virtual machine, with a device for experiments
	@testbed/machine/shell
deb: ## Debian packages of the patched kernel for real hardware
	@testbed/kernel/deb
release: ## out/release: tarball, mbox for b4, recipes, checksums
	@testbed/tree/release
clean: ## removes out/
	@rm -rf out
