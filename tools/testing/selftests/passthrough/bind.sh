#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Bind PCI devices to vfio-pci, whatever driver they have now.
#
#	bind.sh VENDOR:DEVICE...	by their IDs, "1234:11e8" is QEMU's edu
#	bind.sh DOMAIN:BUS:SLOT.FUNCTION...	by their addresses
#
# Prints the addresses of the devices, one a line.

set -eu

devices=/sys/bus/pci/devices

bind_to_vfio() {
	if [ -e "$devices/$1/driver" ]; then
		echo "$1" >"$devices/$1/driver/unbind"
	fi
	echo vfio-pci >"$devices/$1/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
	if [ ! -d "$devices/$1/vfio-dev" ]; then
		echo "$0: vfio-pci did not take $1" >&2
		exit 1
	fi
}

if [ $# -eq 0 ]; then
	echo "usage: $0 VENDOR:DEVICE|ADDRESS..." >&2
	exit 2
fi
for id in "$@"; do
	if [ -e "$devices/$id" ]; then
		bind_to_vfio "$id"
		echo "$id"
		continue
	fi
	for device in "$devices"/*; do
		read -r vendor <"$device/vendor"
		read -r product <"$device/device"
		[ "$vendor:$product" = "0x${id%:*}:0x${id#*:}" ] || continue
		bind_to_vfio "${device##*/}"
		echo "${device##*/}"
	done
done
