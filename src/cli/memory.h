/* cli/memory.h - memory that is wiped before it is given back.
 *
 * Keys pass through JSON values and curl's buffers on their way to the HSS. Both libraries take
 * their allocator from the program, so both get one that wipes.
 */
#ifndef BINDERY_CLI_MEMORY_H
#define BINDERY_CLI_MEMORY_H

#include <stddef.h>

/* Hands the allocator to jansson and curl; once, before either is used. */
void cli_memory_wipes(void);

void *wiped_malloc(size_t n);
void wiped_free(void *p);

#endif
