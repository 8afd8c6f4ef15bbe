# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034 # who sources this uses what is set here
# Starts guests of a real QEMU in a machine, ends them, and relays their reports.
# Sourced by vm-plain and vm-nested. QEMU runs in the root file system of Debian packages
# (machine/vm --root), with the devices, /test and /tmp of the machine mounted there.

# shellcheck source=testbed/lib/ktap.sh
. ./ktap.sh

root=/root
devices=/sys/bus/pci/devices
seconds=${guest_seconds:-180}	# timeout of a guest, a kernel parameter

enter() {
	mount -t ext4 -o ro /dev/vda $root || ktap_bail_out "no root file system"
	for directory in proc sys dev tmp test; do
		mount --bind /$directory $root/$directory || ktap_bail_out "cannot mount /$directory"
	done
	echo "# fact qemu version=$(chroot $root qemu-system-aarch64 --version |
		sed -n 's/.*version \([^ ]*\).*/\1/p')"
}

# start_guest NAME MEMORY PARAMETERS ARGUMENT...: QEMU in the background, with the same
# kernel that runs here. Its output is in /tmp/NAME.log, the guest's report in
# /tmp/NAME.ktap.
start_guest() {
	parameters="console=ttyAMA0 loglevel=4 panic=-1 kunit.enable=0 $3"
	guest=$1 memory=$2
	shift 3
	boot_guest "$guest" "$memory" -kernel /test/Image -initrd /test/guest.cpio \
		-append "$parameters" "$@"
}

# boot_guest NAME MEMORY ARGUMENT...: the same; the arguments select what to boot.
boot_guest() {
	guest=$1 memory=$2
	shift 2
	chroot $root qemu-system-aarch64 -M virt,gic-version=3 -accel kvm -cpu host -smp 1 -m "$memory" -nographic \
		-net none -device pvpanic-pci,addr=1f -action panic=exit-failure \
		-device virtio-serial-device -chardev "file,id=report,path=/tmp/$guest.ktap" \
		-device virtserialport,chardev=report,name=verdict "$@" \
		</dev/null >"/tmp/$guest.log" 2>&1 &
	echo $! >"/tmp/$guest.pid"
}

# is_running NAME: a process that has exited but was not waited for is a zombie.
is_running() {
	grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$(cat "/tmp/$1.pid")/status" 2>/dev/null
}

# memfd MIB [hugetlb]: arguments for a guest whose memory is a memfd, which QEMU maps for
# devices by its file descriptor: IOMMU_IOAS_MAP_FILE.
memfd() {
	echo "-object memory-backend-memfd,id=ram,size=$1M${2:+,hugetlb=on,hugetlbsize=2M}
		-machine memory-backend=ram"
}

# reserve_huge_pages MIB
reserve_huge_pages() {
	pages=$(($1 / 2))
	echo 1 >/proc/sys/vm/compact_memory
	echo $pages >/proc/sys/vm/nr_hugepages
	[ "$(cat /proc/sys/vm/nr_hugepages)" = $pages ] ||
		ktap_bail_out "there is no room for $pages huge pages"
}

# expect_huge_pages: all those reserved for guests are free again.
expect_huge_pages() {
	awk '/^HugePages_(Total|Free|Rsvd):/ { printf "# %s %s\n", $1, $2; n[$1] = $2 }
		END { exit !(n["HugePages_Total:"] && n["HugePages_Rsvd:"] == 0 &&
			n["HugePages_Free:"] == n["HugePages_Total:"]) }' /proc/meminfo
	ktap_result $? "the huge pages of a guest are free again"
	echo 0 >/proc/sys/vm/nr_hugepages
}

# wait_for_line NAME PATTERN: waits until the guest reports it; fails if the guest ends first.
wait_for_line() {
	for _ in $(seq "$seconds"); do
		! grep -q "$2" "/tmp/$1.ktap" 2>/dev/null || return 0
		is_running "$1" || return 1
		sleep 1
	done
	return 1
}

# wait_for_guest NAME: returns its QEMU's exit code; kills the guest on timeout.
wait_for_guest() {
	local pid watch code
	pid=$(cat "/tmp/$1.pid")
	( sleep "$seconds"; kill -9 "$pid" ) 2>/dev/null &
	watch=$!
	wait "$pid"
	code=$?
	kill "$watch" 2>/dev/null
	return "$code"
}

# report_of NAME BOOT: the guest's report of this boot, from its begin marker to the next.
report_of() {
	awk -v boot="$2" '/^# testbed begin/ { n++ } n == boot' "/tmp/$1.ktap" | tr -d '\r'
}

# relay_guest NAME TITLE [BOOTS]: its report, one level deeper, as the result TITLE. The
# guest has to exit successfully with an untainted kernel. Its console output is copied to
# the console here.
relay_guest() {
	local code boot good
	wait_for_guest "$1"
	code=$?
	cat "/tmp/$1.log" >&2
	[ -e "/tmp/$1.ktap" ] || : >"/tmp/$1.ktap"
	for boot in $(seq "${3:-1}"); do
		report_of "$1" "$boot" >/tmp/report
		echo "# fact guest name=$1"
		grep -v '^# testbed' /tmp/report | grep . | sed 's/^/    /'
		grep -q '^# testbed end: exit 0$' /tmp/report &&
			! grep -q '^# testbed state: tainted [^0]' /tmp/report && [ $code = 0 ]
		good=$?
		if [ $good != 0 ]; then
			echo "# QEMU's exit code is $code"
			grep '^qemu' "/tmp/$1.log" | tail -n 3 | sed 's/^/# /'
		fi
		if [ "${3:-1}" = 1 ]; then
			ktap_result $good "$2"
		else
			ktap_result $good "$2, boot $boot"
		fi
	done
}

# uses WHO STAGE ADDRESS...: for the comparison with the trace, the stage expected to
# translate for these devices from now on, while WHO, a guest or the host, uses them.
uses() {
	who=$1 stage=$2
	shift 2
	for device; do
		echo "# uses device=$device stage=$stage by=$who"
	done
}

# to_vfio ADDRESS...
to_vfio() {
	./bind.sh "$@" >/tmp/bound || ktap_bail_out "vfio-pci does not take $*"
}

# to_nvme ADDRESS: prints its block device, once it exists.
to_nvme() {
	echo "$1" >"$devices/$1/driver/unbind"
	echo >"$devices/$1/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
	for _ in 1 2 3 4 5; do
		for disk in "$devices/$1"/nvme/nvme*/nvme*n1; do
			[ ! -b "/dev/${disk##*/}" ] || { echo "/dev/${disk##*/}"; return; }
		done
		sleep 1
	done
}

# stored NAME SLOT: the checksum of the data that the guest last wrote there.
stored() {
	tr -d '\r' <"/tmp/$1.ktap" | sed -n "s/^# fact disk slot=$2 sha256=//p" | tail -n 1
}

# host_reads ADDRESS SLOT NAME: does the host read the data that the guest last wrote there?
host_reads() {
	wanted=$(stored "$3" "$2")
	echo "# fact stored device=$1 slot=$2 sha256=$wanted"
	disk=$(to_nvme "$1")
	found=$(dd if="$disk" bs=1M skip=$(($2 * 16)) count=16 iflag=direct 2>/tmp/dd | sha256sum)
	[ -n "$wanted" ] && [ "$wanted" = "${found%% *}" ]
	ktap_result $? "the host's own driver reads from $1 what the guest $3 wrote"
}

# resources: pages that user space has pinned, and pages of IOMMU tables; nothing if the kernel
# does not report them. The counters are per CPU and summed with a delay.
resources() {
	sleep 2
	awk '$1 == "nr_foll_pin_acquired" { pins += $2; found++ }
		$1 == "nr_foll_pin_released" { pins -= $2; found++ }
		$1 == "nr_iommu_pages" { tables = $2; found++ }
		END { if (found == 3) print "pinned=" pins " tables=" tables }' /proc/vmstat
}

# expect_resources BEFORE
expect_resources() {
	after=$(resources)
	echo "# resources before: $1, after: $after"
	[ -n "$after" ] && [ "$after" = "$1" ]
	ktap_result $? "no page stays pinned, and no page of the IOMMU's tables is left"
}
