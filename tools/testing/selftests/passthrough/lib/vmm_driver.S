/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The code of the guest of vmm.c, see vmm.h. The MMU is off, and interrupts are
 * masked: WFI returns for a masked one, too, and the CPU then reads its number from
 * the interrupt controller.
 */
	.section .rodata
	.balign 4
	.global vmm_driver, vmm_driver_end
vmm_driver:
	/* Interrupt 32 is signalled by an edge: GICD_CTLR, ICFGR2, ISENABLER1 */
	mov	w9, #0x12
	str	w9, [x3]
	mov	w9, #2
	str	w9, [x3, #0xc08]
	mov	w9, #1
	str	w9, [x3, #0x104]
	/* Any priority, group 1: ICC_PMR_EL1, ICC_IGRPEN1_EL1 */
	mov	x9, #0xff
	msr	S3_0_C4_C6_0, x9
	mov	x9, #1
	msr	S3_0_C12_C12_7, x9
	isb
	/* From memory into the device: source, destination, count, command */
	mov	x11, #0x40000
	mov	x12, #4096
	str	x1, [x0, #0x80]
	str	x11, [x0, #0x88]
	str	x12, [x0, #0x90]
	mov	x9, #1
	str	x9, [x0, #0x98]
1:	ldr	x9, [x0, #0x98]
	tbnz	x9, #0, 1b
	/* And to other memory, with an interrupt at the end */
	str	x11, [x0, #0x80]
	str	x2, [x0, #0x88]
	str	x12, [x0, #0x90]
	mov	x9, #7
	str	x9, [x0, #0x98]
	/* ICC_IAR1_EL1; 1020 and above mean that there is none */
2:	wfi
	mrs	x10, S3_0_C12_C12_0
	cmp	w10, #1020
	b.hs	2b
	/* Acknowledge it in the device and in the controller: ICC_EOIR1_EL1 */
	ldr	w9, [x0, #0x24]
	str	w9, [x0, #0x64]
	msr	S3_0_C12_C12_1, x10
	str	x10, [x4]
3:	wfi
	b	3b
vmm_driver_end:
	.section .note.GNU-stack, "", %progbits
