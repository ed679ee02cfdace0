/* platform.h - what the machine says of itself and of this process. */
#ifndef BASE_PLATFORM_H
#define BASE_PLATFORM_H

#include <stddef.h>

int system_cores(void);          /* usable by this process: affinity and cgroup quota; at least 1 */
double system_seconds(void);     /* monotonic clock */
size_t system_peak_memory(void); /* largest resident set so far (VmHWM), bytes */

/* Bytes that are resident now: of its own, and of files that are mapped, the program's among them;
 * 0 where the system does not say. */
size_t system_own_memory(void);
size_t system_file_memory(void);
size_t system_total_memory(void); /* of the machine or of the cgroup, whichever is less; bytes */

/* The processor's name as the kernel reports it, not made printable; its architecture where there
 * is none. */
void system_processor(char *out, size_t size);

#endif
