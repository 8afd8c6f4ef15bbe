// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a file, as the origin of an iopt_pages: IOMMU_IOAS_MAP_FILE.
 *
 * The iopt_pages holds the file, and with it the memory, whether it is mapped or
 * not. It is a memfd, or another file of shmem or hugetlbfs: one whose pages stay
 * where they are while they are pinned. Each page gets a pin of its own, even if
 * several make a folio, as for memory of a process. What is pinned, when, and what
 * for is decided in pages.c.
 *
 * Races
 * -----
 * - pin against truncation and hole punching: a page that was pinned before stays
 *   pinned, and is what DMA reaches, while the file loses it. One that is pinned
 *   afterwards is a new one, or beyond the end of the file: -EINVAL. A hole that is
 *   punched between two pages may be filled by a large folio which covers more than
 *   the hole: pinning ends before it, and begins again with it.
 *   A hole of hugetlbfs is filled under the inode's lock, which excludes truncation.
 * - pin against pin: the same page of the file, whichever of them allocates it.
 * - map against sealing: a writable mapping counts as one, as for a process. Either
 *   F_SEAL_WRITE finds it, or it finds the seal. F_SEAL_FUTURE_WRITE leaves existing
 *   mappings alone.
 * - close of the descriptor, and process exit: the file is held. A page that is
 *   pinned afterwards is accounted as before, unless the process that mapped it is
 *   charged, and has exited: -EINVAL, as for memory of that process.
 * - killing the process: ends the call at the next chunk of pages.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>

#include "io_pagetable.h"

static unsigned int file_seals(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (shmem_file(file))
		return SHMEM_I(inode)->seals;
#ifdef CONFIG_HUGETLBFS
	if (is_file_hugepages(file))
		return HUGETLBFS_I(inode)->seals;
#endif
	return 0;
}

/* Count a writable mapping of the file; mapping_unmap_writable() undoes it */
static int file_map_writable(struct file *file)
{
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	if (file_seals(file) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	return mapping_map_writable(file->f_mapping);
}

/**
 * iopt_pages_set_file() - Set the file that pages originate from
 * @pages: The pages, new, with iopt_pages::writable set
 * @file: The file. A reference is taken.
 * @start: Offset of the first page in bytes, a multiple of PAGE_SIZE
 *
 * Return: 0, -EINVAL if the file is none of shmem or hugetlbfs, -EACCES if it was
 * not opened for reading, or for writing, and -EPERM if a seal forbids writing.
 */
int iopt_pages_set_file(struct iopt_pages *pages, struct file *file,
			loff_t start)
{
	int rc;

	if (!shmem_file(file) && !is_file_hugepages(file))
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (pages->writable) {
		rc = file_map_writable(file);
		if (rc)
			return rc;
	}
	pages->file = get_file(file);
	pages->file_start = start;
	return 0;
}

/**
 * iopt_pages_put_file() - Undo iopt_pages_set_file()
 * @pages: The pages, none of which is pinned. They may have no file.
 */
void iopt_pages_put_file(struct iopt_pages *pages)
{
	if (!pages->file)
		return;
	if (pages->writable)
		mapping_unmap_writable(pages->file->f_mapping);
	fput(pages->file);
	pages->file = NULL;
}

/* Store the pages of a folio from @first on, and pin each; it has one pin */
static void folio_to_pages(struct folio *folio, unsigned long first,
			   unsigned long npages, struct page **out_pages)
{
	unsigned long i;

	if (npages > 1)
		folio_add_pins(folio, npages - 1);
	for (i = 0; i < npages; i++)
		out_pages[i] = folio_page(folio, first + i);
}

/*
 * Of folios that memfd_pin_folios() found keep those that follow each other in the
 * file. It looks several times, without a lock, so a folio may begin before the
 * previous one ends. Returns the number of folios, one at least.
 */
static unsigned long folios_keep_contiguous(struct folio **folios,
					    unsigned long nfolios)
{
	unsigned long i;

	for (i = 1; i < nfolios; i++)
		if (folios[i]->index != folio_next_index(folios[i - 1]))
			break;
	unpin_folios(folios + i, nfolios - i);
	return i;
}

/*
 * Replace folios by their pages, in place: as each has one page at least, the pages
 * of a folio begin where it stands, or behind, and the last one goes first. Of the
 * first folio @skip pages are left out. Returns the number of pages.
 */
static unsigned long folios_to_pages(struct page **out_pages,
				     unsigned long nfolios, unsigned long skip,
				     unsigned long max_pages)
{
	struct folio **folios = (struct folio **)out_pages;
	unsigned long pos = 0, end, total, i;

	for (i = 0; i < nfolios; i++)
		pos += folio_nr_pages(folios[i]);
	pos -= skip;
	total = min(pos, max_pages);

	for (i = nfolios, end = total; i--; end = pos) {
		struct folio *folio = folios[i];
		unsigned long first = i ? 0 : skip;

		pos -= folio_nr_pages(folio) - first;
		folio_to_pages(folio, first, end - pos, out_pages + pos);
	}
	return total;
}

/* memfd_pin_folios() has its caller keep truncation out of hugetlbfs */
static long file_pin_folios(struct file *file, loff_t start, loff_t last,
			    struct folio **folios, unsigned int max_folios,
			    pgoff_t *offset)
{
	bool huge = is_file_hugepages(file);
	long nfolios;

	/* Who fills the file may take long */
	if (huge && down_read_killable(&file_inode(file)->i_rwsem))
		return -EINTR;
	nfolios =
		memfd_pin_folios(file, start, last, folios, max_folios, offset);
	if (huge)
		inode_unlock_shared(file_inode(file));
	return nfolios;
}

/**
 * iopt_pages_pin_file() - Pin pages of a file
 * @pages: The pages, of a file
 * @start_index: Index of the first page
 * @npages: Number of pages, not 0
 * @out_pages: The pages that were pinned, the first @start_index
 *
 * Holes in the file are allocated. Undone by unpin_user_pages().
 *
 * Context: Process context, iopt_pages::mutex is held. Takes the lock of the file's
 * inode for hugetlbfs.
 * Return: The number of pages, which may be less than @npages; -EINVAL if one is
 * beyond the end of the file, -ENOMEM, -EINTR if the process is being killed, or
 * another error of memfd_pin_folios().
 */
long iopt_pages_pin_file(struct iopt_pages *pages, unsigned long start_index,
			 unsigned long npages, struct page **out_pages)
{
	loff_t start = pages->file_start + (loff_t)start_index * PAGE_SIZE;
	pgoff_t offset = 0;
	loff_t last;
	long nfolios;

	lockdep_assert_held(&pages->mutex);

	if (fatal_signal_pending(current))
		return -EINTR;

	npages = min(npages, UINT_MAX);
	/* The file may end in the middle of the last page */
	last = start + (loff_t)(npages - 1) * PAGE_SIZE;
	nfolios = file_pin_folios(pages->file, start, last,
				  (struct folio **)out_pages, npages, &offset);
	if (nfolios <= 0)
		return nfolios;
	nfolios = folios_keep_contiguous((struct folio **)out_pages, nfolios);
	return folios_to_pages(out_pages, nfolios, offset >> PAGE_SHIFT,
			       npages);
}
