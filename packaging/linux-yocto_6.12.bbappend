# SPDX-License-Identifier: GPL-2.0
# Yocto's Linux 6.12 with the series. In a layer of your own, as
#	recipes-kernel/linux/linux-yocto_6.12.bbappend
# with these beside it, from an unpacked release ("make release"):
#	recipes-kernel/linux/files/msi-doorbells.cfg	(packaging/kernel.config)
#	recipes-kernel/linux/files/mails/		(all of mails/)

# A recipe's own directory is another one by the time that the code below runs
MSI_DOORBELLS := "${THISDIR}/files"
FILESEXTRAPATHS:prepend := "${THISDIR}/files:"

SRC_URI:append = " file://msi-doorbells.cfg"

python () {
    import glob
    mails = sorted(glob.glob(d.getVar("MSI_DOORBELLS") + "/mails/[0-9]*.patch"))
    for mail in mails:
        if not mail.rpartition("/")[2].startswith("0000-"):
            d.appendVar("SRC_URI", " file://" + mail)
}
