/* nf/common/metrics_table.h - every metric of every program by its name, in one place, with the
 * sentence that says what it counts. docs/monitoring.md says what to do with them.
 *
 * The counters that a program keeps under a name of its own (HSSD_COUNTERS and the like) become
 * bindery_PROGRAM_NAME_total; what those names mean stands here too. A counter without a sentence
 * is shown all the same, and a test names it.
 */
#ifndef BINDERY_NF_COMMON_METRICS_TABLE_H
#define BINDERY_NF_COMMON_METRICS_TABLE_H

#include "nf/common/metrics.h"

/* ID, kind, name, labels, help. All programs: */
#define METRICS_COMMON_TABLE(X)                                                                    \
    X(BUILD_INFO, GAUGE, "bindery_build_info", "program version",                                  \
      "Always 1; the labels say which program this is, and its version.")                          \
    X(START_TIME, GAUGE, "bindery_start_time_seconds", "", "Unix time of the program's start.")    \
    X(READY, GAUGE, "bindery_ready", "",                                                           \
      "1: /health/ready would say yes. 0: it would not, and bindery_not_ready says why.")          \
    X(NOT_READY, GAUGE, "bindery_not_ready", "cause",                                              \
      "1 for each cause that /health/ready names now, 0 for every other one.")                     \
    X(CERTIFICATE_END, GAUGE, "bindery_certificate_expiry_timestamp_seconds", "use file",          \
      "Unix time at which the first certificate in a file that the configuration names ends.")     \
    X(LIST_END, GAUGE, "bindery_revocation_list_expiry_timestamp_seconds", "use file",             \
      "Unix time at which the first revocation list in a file should have been replaced.")         \
    X(FILE_READABLE, GAUGE, "bindery_file_readable", "use file",                                   \
      "1: the file that the configuration names could be read at the last look, a minute ago at "  \
      "most.")                                                                                     \
    X(FILES_LEFT_OUT, GAUGE, "bindery_files_not_watched", "",                                      \
      "Files of the configuration that are not looked at, because there are too many.")            \
    X(STORE_BYTES, GAUGE, "bindery_store_size_bytes", "file part",                                 \
      "Size of a store on its disk: the part main, and the part log that is not merged yet.")      \
    X(DISK_FREE, GAUGE, "bindery_store_disk_free_bytes", "file",                                   \
      "Room that the disk of a store has for this program.")                                       \
    X(DISK_SIZE, GAUGE, "bindery_store_disk_size_bytes", "file", "Size of the disk of a store.")   \
    X(PEER_CONNECTIONS, GAUGE, "bindery_peer_connections", "peer",                                 \
      "Open Diameter connections with a peer of the configuration.")                               \
    X(PEER_REQUESTS, COUNTER, "bindery_peer_requests_total", "peer",                               \
      "Requests: received from a peer by HSS and discovery AUSF, sent to it by the MME.")          \
    X(PEER_ANSWERS, COUNTER, "bindery_peer_answers_total", "peer",                                 \
      "Answers: sent to a peer by HSS and discovery AUSF, received from it by the MME.")           \
    X(HTTPS_REQUESTS, COUNTER, "bindery_https_requests_total", "listener",                         \
      "Requests at an HTTPS listener.")                                                            \
    X(HTTPS_REFUSED, COUNTER, "bindery_https_refused_total", "listener cause",                     \
      "Requests at an HTTPS listener that were refused, by the cause in the answer.")              \
    X(HTTPS_TIME, HISTOGRAM, "bindery_https_answer_seconds", "listener route",                     \
      "Time from when a request's headers were there until its answer was made, by its path, "     \
      "with what it waited for its body and for the store.")

#define METRICS_HSS_TABLE(X)                                                                       \
    X(HSS_REQUESTS, COUNTER, "bindery_hss_requests_total", "command result",                       \
      "Requests that were answered, by command and by the name of the refusal, or success.")       \
    X(HSS_LATENCY, HISTOGRAM, "bindery_hss_answer_seconds", "command",                             \
      "Time from when a request's turn came until its answer was queued to be sent, with what it " \
      "waited for the store, a repository or a thread pool.")                                      \
    X(HSS_WRITER_WAITING, GAUGE, "bindery_hss_writer_queue_jobs", "",                              \
      "Changes that wait for the thread that writes to the store.")                                \
    X(HSS_WRITER_ROOM, GAUGE, "bindery_hss_writer_queue_room_jobs", "",                            \
      "How many changes may wait (limits.writer_queue); when it is full, requests get too-busy.")  \
    X(HSS_COMMITS, COUNTER, "bindery_hss_store_commits_total", "result",                           \
      "Commits of the store: done, or failed with everything that was in them.")                   \
    X(HSS_COMMIT_TIME, HISTOGRAM, "bindery_hss_store_commit_seconds", "",                          \
      "How long a batch of changes took, from its first statement until it was durable.")          \
    X(HSS_MARK_LEFT, GAUGE, "bindery_hss_sequence_mark_left_seconds", "",                          \
      "How long vectors may still be made without another write to the store.")                    \
    X(HSS_MARK_BESIDE, GAUGE, "bindery_hss_sequence_mark_beside_store", "",                        \
      "1: the mark of sequence numbers is kept in the file beside the store, which did not take "  \
      "it. 0: in the store.")                                                                      \
    X(HSS_SUBSCRIBERS, GAUGE, "bindery_hss_subscribers", "", "Subscriptions in the store.")        \
    X(HSS_DEVICES, GAUGE, "bindery_hss_devices", "", "Devices of subscriptions in the store.")     \
    X(HSS_THREADS, GAUGE, "bindery_hss_signalling_threads", "", "Signalling threads that run.")    \
    X(HSS_PAYLOADS, GAUGE, "bindery_hss_kme_payloads_waiting", "",                                 \
      "Payloads of devices that made their KME, waiting to be opened.")                            \
    X(HSS_LOTS, GAUGE, "bindery_hss_lots", "", "Lots whose P and Q are in the store.")             \
    X(HSS_CACHED, GAUGE, "bindery_hss_repository_cached_answers", "",                              \
      "Answers of repositories that are kept.")                                                    \
    X(HSS_REPOSITORY_UP, GAUGE, "bindery_hss_repository_up", "repository",                         \
      "1: the repository answers. 0: it does not, or was not asked yet.")                          \
    X(HSS_REPOSITORY_WAITING, GAUGE, "bindery_hss_repository_waiting_inquiries", "repository",     \
      "Inquiries that wait for a repository's answer.")                                            \
    X(HSS_REPOSITORY_ANSWERS, COUNTER, "bindery_hss_repository_answers_total",                     \
      "repository result", "What questions to a repository came to.")                              \
    X(HSS_WEBHOOK_DELIVERED, COUNTER, "bindery_hss_webhook_delivered_total", "webhook",            \
      "Events that a webhook's receiver took.")                                                    \
    X(HSS_WEBHOOK_FAILED, COUNTER, "bindery_hss_webhook_failed_tries_total", "webhook",            \
      "Tries to deliver an event that failed; each is made again.")                                \
    X(HSS_WEBHOOK_WAITING, GAUGE, "bindery_hss_webhook_waiting_events", "webhook",                 \
      "Events that a webhook has not come to yet, also those that it does not want.")              \
    X(HSS_WEBHOOK_OLDEST, GAUGE, "bindery_hss_webhook_oldest_waiting_seconds", "webhook",          \
      "Age of the first of these; 0: none waits.")                                                 \
    X(HSS_WEBHOOK_LOST, COUNTER, "bindery_hss_webhook_lost_events_total", "webhook",               \
      "Events that the list gave up before the webhook had come to them.")

#define METRICS_MME_TABLE(X)                                                                       \
    X(MME_UES, GAUGE, "bindery_mme_ues", "", "Devices that the MME knows, attached or not.")       \
    X(MME_UES_ROOM, GAUGE, "bindery_mme_ues_room", "", "How many it may know (limits.ues).")       \
    X(MME_ATTACHING, GAUGE, "bindery_mme_attaching", "",                                           \
      "Devices between ATTACH REQUEST and ATTACH COMPLETE.")                                       \
    X(MME_ATTACHING_ROOM, GAUGE, "bindery_mme_attaching_room", "",                                 \
      "How many may be (limits.attaching); beyond, attaches are turned away.")                     \
    X(MME_ENBS, GAUGE, "bindery_mme_enbs", "", "eNBs that are connected and set up.")              \
    X(MME_REFUSALS, COUNTER, "bindery_mme_refusals_total", "cause",                                \
      "What was refused to devices and eNBs, by the name of the refusal.")                         \
    X(MME_ATTACH_TIME, HISTOGRAM, "bindery_mme_attach_seconds", "result",                          \
      "Time of attaches, from ATTACH REQUEST to ATTACH COMPLETE (complete), to the refusal or "    \
      "the "                                                                                       \
      "end of an attach that was for a key or a subscription (ended), or until the device was "    \
      "gone (abandoned). One that is refused at once is not in it.")                               \
    X(MME_HSS_TIME, HISTOGRAM, "bindery_mme_hss_answer_seconds", "command",                        \
      "Time from when a request to a home network was made until its answer came, with what it "   \
      "waited for room on the connection. ECR-onboarding: a device asks for a subscription.")

#define METRICS_REPO_TABLE(X)                                                                      \
    X(REPO_ANSWERS, COUNTER, "bindery_repo_answers_total", "cause",                                \
      "Requests that were answered, by the cause of the refusal, or ok.")                          \
    X(REPO_SERIAL, GAUGE, "bindery_repo_last_serial", "",                                          \
      "Serial number of the record that was made last.")                                           \
    X(REPO_GRANTS, GAUGE, "bindery_repo_grants", "", "Clients that the configuration lets in.")

#define METRICS_ARPF_TABLE(X)                                                                      \
    X(ARPF_ROWS, GAUGE, "bindery_arpf_releases", "phase",                                          \
      "Discovery IMSIs on record, by what became of them.")                                        \
    X(ARPF_AGAIN, COUNTER, "bindery_arpf_released_again_total", "",                                \
      "Releases that were asked for again by the operator that has them.")                         \
    X(ARPF_COMMITS, COUNTER, "bindery_arpf_store_commits_total", "", "Commits of the store.")

#define METRICS_DAUSF_TABLE(X)                                                                     \
    X(DAUSF_ENTRIES, GAUGE, "bindery_dausf_entries", "phase",                                      \
      "Discovery IMSIs on record: live, spent or expired.")                                        \
    X(DAUSF_REFUSALS, COUNTER, "bindery_dausf_refusals_total", "cause",                            \
      "Requests and connections that were refused, by the name of the refusal.")                   \
    X(DAUSF_TIME, HISTOGRAM, "bindery_dausf_answer_seconds", "command",                            \
      "Time from when a request's turn came until its answer was queued to be sent.")

#define METRICS_RSMF_TABLE(X)                                                                      \
    X(RSMF_DELIVERIES, GAUGE, "bindery_rsmf_deliveries", "phase",                                  \
      "Profiles on record, by what became of them.")

#define METRICS_TABLE(X)                                                                           \
    METRICS_COMMON_TABLE(X)                                                                        \
    METRICS_HSS_TABLE(X)                                                                           \
    METRICS_MME_TABLE(X)                                                                           \
    METRICS_REPO_TABLE(X)                                                                          \
    METRICS_ARPF_TABLE(X)                                                                          \
    METRICS_DAUSF_TABLE(X)                                                                         \
    METRICS_RSMF_TABLE(X)

enum metrics_id {
#define X(id, kind, name, labels, help) METRICS_##id,
    METRICS_TABLE(X)
#undef X
        METRICS_COUNT
};
const struct metric *metrics_of(enum metrics_id id);

/* name, help: of the counters that are kept by name. HSS: bindery_hss_NAME_total */
#define METRICS_HSS_COUNTERS(X)                                                                    \
    X(air, "Authentication-Information-Requests that were read.")                                  \
    X(air_refused, "Authentication-Information-Requests that were refused.")                       \
    X(vectors, "Authentication vectors that were made.")                                           \
    X(vectors_processed, "Of these: with RAND encrypted under a device's KME.")                    \
    X(resynchronised, "Resynchronisations that a USIM proved.")                                    \
    X(ulr, "Update-Location-Requests that were read.")                                             \
    X(ulr_refused, "Update-Location-Requests that were refused.")                                  \
    X(pur, "Purge-UE-Requests.")                                                                   \
    X(nor, "Notify-Requests.")                                                                     \
    X(ecr, "ME-Identity-Check-Requests.")                                                          \
    X(ecr_whitelisted, "Equipment that is on the white list.")                                     \
    X(ecr_greylisted, "Equipment that was answered as grey.")                                      \
    X(ecr_blacklisted, "Equipment that was answered as black.")                                    \
    X(ecr_unknown, "Equipment that no list has.")                                                  \
    X(imei_not_paired, "Equipment checks in which IMSI and IMEI do not belong together.")          \
    X(inquiries, "Inquiries about the binding of a device.")                                       \
    X(inquiries_cached, "Of these: answered with what was kept.")                                  \
    X(inquiries_stale, "Of these: answered with an old answer, for nobody could be asked.")        \
    X(inquiries_asked, "Of these: a repository had to be asked.")                                  \
    X(inquiries_unanswered, "Of these: no repository answered in time.")                           \
    X(inquiries_limited, "Inquiries that were not made because they come too often.")              \
    X(proofs_proven, "Registrations with a proof of the IMEI that held.")                          \
    X(proofs_unproven, "Registrations whose device could not prove its IMEI.")                     \
    X(proofs_failed, "Registrations whose device failed the proof of its IMEI.")                   \
    X(proofs_undetermined, "Registrations in which nobody could judge the proof.")                 \
    X(proofs_remembered, "Registrations let in by a proof that is remembered.")                    \
    X(proofs_missing, "Registrations without the proof that the subscription wants.")              \
    X(provisionings_offered, "Devices that were asked to make a KME.")                             \
    X(provisionings_taken, "KMEs of devices that were stored.")                                    \
    X(provisionings_again, "Payloads that came again and were answered as before.")                \
    X(provisionings_refused, "Payloads of devices that were refused.")                             \
    X(provisioning_owed, "Registrations of devices that should have made a KME first.")            \
    X(onboarding_requests, "Devices without a subscription that asked for one.")                   \
    X(onboarding_drawn, "Subscriptions that were made for such devices.")                          \
    X(onboarding_repeated, "Answers given again to a device that has its subscription.")           \
    X(onboarding_refused, "Such devices that were refused.")                                       \
    X(onboarding_waiting, "Such devices that were put down to wait for approval.")                 \
    X(onboarding_active, "Such subscriptions that were used for the first time.")                  \
    X(onboarding_expired, "Such subscriptions that ended unused.")                                 \
    X(dimsi_offered, "Devices with a discovery IMSI that service providers offered.")              \
    X(dimsi_refused, "Such offers that were refused.")                                             \
    X(dimsi_allocated, "Such devices that were given a temporary IMSI.")                           \
    X(dimsi_pushed, "Challenges that were pushed to a discovery AUSF.")                            \
    X(dimsi_delivered, "Operator's profiles that were left at the RSMF.")                          \
    X(dimsi_attached, "First attaches with a temporary IMSI.")                                     \
    X(dimsi_done, "Such devices that came with the operator's own IMSI.")                          \
    X(dimsi_withdrawn, "Offers that ended because somebody withdrew them.")                        \
    X(dimsi_expired, "Offers whose time ran out.")                                                 \
    X(dimsi_later, "Steps with ARPF, discovery AUSF or RSMF that have to be tried again.")         \
    X(clr_sent, "Cancel-Location-Requests that were sent.")                                        \
    X(clr_unsent, "Cancel-Location-Requests that could not be sent: nobody was connected.")        \
    X(clr_unanswered, "Requests of ours that got no answer.")                                      \
    X(idr_sent, "Insert-Subscriber-Data-Requests that were sent.")                                 \
    X(dsr_sent, "Delete-Subscriber-Data-Requests that were sent.")                                 \
    X(rsr_sent, "Reset-Requests that were sent.")                                                  \
    X(push_unanswered, "Of these three: no answer came in time.")                                  \
    X(too_busy, "Requests that were answered with too-busy.")                                      \
    X(shed, "Of these: turned away because too much waited already.")                              \
    X(peers_refused, "Connections that were refused.")                                             \
    X(requests_refused, "Requests that were refused.")                                             \
    X(events_lost, "Events that are in the log but not in the list of events.")                    \
    X(trace_lost, "Messages that could not be written to the trace.")

/* bindery_mme_NAME_total */
#define METRICS_MME_COUNTERS(X)                                                                    \
    X(s1_setups, "S1 Setups that were accepted.")                                                  \
    X(s1_setups_refused, "S1 Setups that were refused.")                                           \
    X(initial_messages, "Initial UE Messages.")                                                    \
    X(turned_away, "Attaches that were turned away before anything was done for them.")            \
    X(attaches, "Attaches that were completed.")                                                   \
    X(attaches_refused, "Attaches that were refused.")                                             \
    X(service_requests, "Service Requests.")                                                       \
    X(detaches, "Detaches.")                                                                       \
    X(rerouted, "Devices that were sent to another group of MMEs.")                                \
    X(authentications, "Authentications that succeeded.")                                          \
    X(binding_failures, "Authentications that failed as they do with a SIM in another device.")    \
    X(device_proven, "Devices that proved their IMEI.")                                            \
    X(device_unproven, "Devices that could not prove their IMEI.")                                 \
    X(device_failed, "Devices that failed the proof of their IMEI.")                               \
    X(device_undetermined, "Devices whose proof nobody could judge.")                              \
    X(provisioned, "Devices that made their KME.")                                                 \
    X(provisionings_refused, "Devices whose KME was refused.")                                     \
    X(onboarded, "Devices that were given a subscription.")                                        \
    X(onboardings_refused, "Devices that asked for a subscription and were refused.")              \
    X(nas_refused, "NAS messages that were refused or dropped.")                                   \
    X(s1_refused, "S1AP messages that were answered with an error.")                               \
    X(s1_unsent, "S1AP messages that could not be sent.")                                          \
    X(hss_requests, "Requests to home networks.")                                                  \
    X(hss_unanswered, "Of these: no answer came in time, or nobody was connected.")                \
    X(events_lost, "Events that went before their time because their kind has its share.")         \
    X(trace_lost, "Messages that could not be written to the trace.")

/* bindery_dausf_NAME_total */
#define METRICS_DAUSF_COUNTERS(X)                                                                  \
    X(air, "Authentication-Information-Requests.")                                                 \
    X(vectors, "Challenges that were given out.")                                                  \
    X(ulr, "Update-Location-Requests, all of which are refused.")                                  \
    X(pur, "Purge-UE-Requests.")                                                                   \
    X(nor, "Notify-Requests.")                                                                     \
    X(shed, "Requests that were turned away because too much waited already.")                     \
    X(pushed, "Challenges that target AUSFs pushed.")                                              \
    X(spent, "Challenges that were used.")                                                         \
    X(expired, "Challenges that ended unused.")                                                    \
    X(asked_lost, "Askings that could not be put on record.")                                      \
    X(peers_refused, "Connections that were refused.")                                             \
    X(trace_lost, "Messages that could not be written to the trace.")

enum metrics_program { METRICS_OF_HSS, METRICS_OF_MME, METRICS_OF_DAUSF, METRICS_PROGRAMS };
/* One time series of METRICS_HTTPS_TIME; its label `route` is the method and the path. */
void metrics_sample_route(struct metrics_text *t, const char *listener, const char *method,
                          const char *path, const struct metrics_histogram *times);
/* The sentence of a counter; NULL: it has none yet. */
const char *metrics_counter_help(enum metrics_program program, const char *name);
/* One counter by its name: HELP, TYPE and its sample. */
void metrics_counter(struct metrics_text *t, enum metrics_program program, const char *name,
                     uint64_t value);

#endif
