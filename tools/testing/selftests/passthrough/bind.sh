#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Bind devices to a driver of VFIO, whatever driver they have now.
#
#	bind.sh VENDOR:DEVICE...	PCI devices by their IDs, "1234:11e8" is QEMU's edu
#	bind.sh DOMAIN:BUS:SLOT.FUNCTION...	PCI devices by their addresses
#	bind.sh ADDRESS.NAME...		platform devices by their names
#
# Prints the addresses of the devices, one a line.

set -eu

devices=/sys/bus/pci/devices
platform=/sys/bus/platform/devices

# bind_to_vfio DIRECTORY NAME DRIVER
bind_to_vfio() {
	if [ -e "$1/$2/driver" ]; then
		echo "$2" >"$1/$2/driver/unbind"
	fi
	echo "$3" >"$1/$2/driver_override"
	echo "$2" >"${1%/devices}/drivers_probe"
	if [ ! -d "$1/$2/vfio-dev" ]; then
		echo "$0: $3 did not take $2" >&2
		exit 1
	fi
	echo "$2"
}

if [ $# -eq 0 ]; then
	echo "usage: $0 VENDOR:DEVICE|ADDRESS|NAME..." >&2
	exit 2
fi
for id in "$@"; do
	if [ -e "$devices/$id" ]; then
		bind_to_vfio $devices "$id" vfio-pci
		continue
	fi
	if [ -e "$platform/$id" ]; then
		bind_to_vfio $platform "$id" vfio-platform
		continue
	fi
	for device in "$devices"/*; do
		read -r vendor <"$device/vendor"
		read -r product <"$device/device"
		[ "$vendor:$product" = "0x${id%:*}:0x${id#*:}" ] || continue
		bind_to_vfio $devices "${device##*/}" vfio-pci
	done
done
