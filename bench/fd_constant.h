/* bench/fd_constant.h - the yardstick of freeDiameter: whoever asks for authentication information
 * gets the same E-UTRAN vector. No lookup, no cryptography; what is left is the stack.
 *
 * bench_fd_constant runs it in a bare program with freeDiameter's library (fd_main.c);
 * bench_fd_extension.fdx lets Debian's freeDiameterd load it (fd_extension.c).
 */
#ifndef BENCH_FD_CONSTANT_H
#define BENCH_FD_CONSTANT_H

/* Registers application, dictionary, answer, and that any peer may connect without TLS. After the
 * configuration was read. 0: all is well. */
int fd_constant_register(void);

#endif
