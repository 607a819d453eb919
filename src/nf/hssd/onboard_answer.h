/* nf/hssd/onboard_answer.h - what a certificate site said of one device: its JSON as a context of
 * proc/certattach.h, kept for as many as ask.
 *
 * Nothing is changed once it is made, so threads share an answer and count who holds it. Nothing is
 * believed here: certattach_ausf_verify looks at records, signatures and chains.
 */
#ifndef BINDERY_NF_HSSD_ONBOARD_ANSWER_H
#define BINDERY_NF_HSSD_ONBOARD_ANSWER_H

#include "net/https_client.h"
#include "proc/certattach.h"

struct onboard_answer;

/* The answer to GET /v1/device-records/{id}, but for status 304. NONE with *out, held for the
 * caller; DEVICE_UNKNOWN for 404 no-device; SITE_REFUSED for 401 and 403; SITE_BUSY for 429 and 503
 * (and without memory); SITE_BAD for any other status, redirects too, for what is not the JSON of
 * docs/openapi/repod.yaml, and for another device's. */
enum certattach_cause onboard_answer_read(const struct device_id *id,
                                          const struct https_reply *reply,
                                          struct onboard_answer **out);
struct onboard_answer *onboard_answer_hold(struct onboard_answer *a);
void onboard_answer_release(struct onboard_answer *a); /* NULL is harmless */
/* Good as long as the answer is held. */
const struct certattach_context *onboard_answer_context(const struct onboard_answer *a);
const char *onboard_answer_etag(const struct onboard_answer *a); /* empty: none */
size_t onboard_answer_octets(const struct onboard_answer *a);    /* of memory */

#endif
