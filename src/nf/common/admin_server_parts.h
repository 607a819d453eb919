/* nf/common/admin_server_parts.h - what admin_server.c (the Unix socket), admin_door.c (HTTPS) and
 * admin_answer.c (what leaves) lend each other. Not for others. */
#ifndef BINDERY_NF_COMMON_ADMIN_SERVER_PARTS_H
#define BINDERY_NF_COMMON_ADMIN_SERVER_PARTS_H

#include "nf/common/admin_server.h"

/* Both ways are libmicrohttpd's in the end. */
extern const struct admin_way admin_way_http;
/* JSON becomes text, what GET shows gets an ETag, and a client that has it already gets 304. Once
 * for each call. Errors: E_MEMORY. */
MUST_USE enum err admin_answer_finish(struct admin_call *c);
/* Frees what the answer holds still. */
void admin_answer_free(struct admin_call *c);

struct admin_door;
/* Errors: as admin_server_open for HTTPS. */
MUST_USE enum err admin_door_open(const struct admin_server_options *options,
                                  struct uv_loop_s *loop, struct admin_door **out,
                                  struct admin_why *why);
MUST_USE enum err admin_door_next_open(const struct admin_https *https, struct admin_next **out,
                                       struct admin_why *why);
void admin_door_take(struct admin_door *d, struct admin_next *next);
void admin_door_resume(struct admin_door *d, struct admin_call *c);
void admin_door_quiesce(struct admin_door *d);
void admin_door_close(struct admin_door *d); /* harmless on NULL, as the next */
json_t *admin_door_view(const struct admin_door *d);

#endif
