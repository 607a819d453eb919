/* cli/log_file.h - the daemons' log files, which hold one JSON object a line, shown to people. */
#ifndef BINDERY_CLI_LOG_FILE_H
#define BINDERY_CLI_LOG_FILE_H

#include "cli/cli.h"

#define LOG_FILE_LINE_MAX 8192

/* One line as "2026-03-01 12:00:00.123 info    registered imsi=... peer=...", in UTC; a line that
 * isn't JSON as it is. */
void log_file_show(const char *line, FILE *to);
/* Sets the file to the beginning of its last n lines. */
void log_file_seek(FILE *in, unsigned n);
/* The last n lines behind the octet `from`, shown. */
void log_file_tail(const char *path, long from, unsigned n, FILE *to);
/* "2026-03-01T12:00:00.123Z" for a person: without the letters. */
void log_file_put_time(const char *time, FILE *to);

#endif
