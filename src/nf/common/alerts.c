#include "nf/common/alerts.h"

static const struct alert_word words[] = {
    {"BinderyDown", "page", "Prometheus gets no answer: the daemon is down, or the way to it is",
     "`systemctl status`, and the last lines of `bindery logs`, which name the reason of an end",
     "where a supervisor runs, it is started again by itself; if it ends again at once, remove the "
     "reason; if it runs, look for a firewall, or a certificate of the scraper that has ended"},
    {"BinderyNotReady", "page", "it runs and cannot serve",
     "`/health/ready`, or the first lines of `bindery top`: they name the causes",
     "what `bindery explain CAUSE` says of each"},
    {"BinderyStoreNotWritable", "page",
     "a change was lost because it could not be stored. Who asked for it was told so, and asks "
     "again",
     "the disk of the store: its room, its rights, the kernel's log",
     "free the disk; nothing has to be restarted"},
    {"BinderySequenceMarkLow", "page",
     "the mark is renewed when half a minute is left, and was not. When it is at 0 no vector is "
     "made",
     "`bindery_hss_writer_queue_jobs`, and lines `mark-not-stored` in the log",
     "as for BinderyStoreNotWritable; if the disk is well, restart the HSS"},
    {"BinderyDiskLow", "page", "less than a tenth of the disk of a store is left",
     "`bindery_store_size_bytes`: a part log that only grows says that a long read, such as a "
     "backup, holds it",
     "free the disk before BinderyStoreNotWritable comes"},
    {"BinderyCertificateEndsSoon", "ticket",
     "a certificate that the configuration names ends within 14 days. CAs are looked at too",
     "the label `use`, its key in the configuration, and `file`",
     "get a new one, put it in its place, `bindery reload`"},
    {"BinderyCertificateEnded", "page",
     "a certificate ends within a day, or has ended: TLS with it fails, or is about to",
     "the labels `use` and `file`",
     "at once: get a new one, put it in its place, `bindery reload`"},
    {"BinderyRevocationListOld", "ticket",
     "a list's time for the next one comes within two days. When it is past, certificates of that "
     "CA are refused",
     "the labels `use` and `file`; does what fetches the list still run?",
     "fetch the new list, `bindery reload`"},
    {"BinderyFileUnreadable", "ticket",
     "a file that the configuration names is gone or may not be read. What runs has it in memory; "
     "the next start or reload fails",
     "the labels `use` and `file`, and the file's owner", "put it back, or set its owner right"},
    {"BinderyPeerGone", "ticket", "a configured peer has had no connection for five minutes",
     "`bindery events --name peer-refused`, which names the cause: address, certificate, "
     "Origin-Host",
     "if it is refused, correct that; if it does not come at all, ask its operator"},
    {"BinderyAnswersSlow", "ticket", "one in a hundred AIRs takes longer than 0.1 s",
     "`bindery top`: are there more requests than before, does the queue of the store grow, does "
     "the machine do something else?",
     "give it the disk or the processor that it lacks, or fewer devices"},
    {"BinderyTooBusy", "page",
     "requests are turned away, new ones first: more arrive than are "
     "served",
     "`bindery top` shows from whom",
     "after an outage it passes by itself; if it stays, spread the peers over more machines"},
    {"BinderyWriterFalling", "page", "half of the places for changes are taken",
     "`bindery_hss_store_commit_seconds`: how long a commit takes",
     "find out what else writes to the disk; if nothing does, it is too slow"},
    {"BinderyManyRefused", "ticket", "more than a fifth of all requests are refused",
     "`bindery top` shows the causes, `bindery explain CAUSE` what each means",
     "`unknown-subscriber`: correct an import or a route; `imei-not-authorised`: a stolen SIM or "
     "many; `visited-plmn-not-allowed`: correct the configuration of the peer"},
    {"BinderyKeyFailed", "page",
     "keys of a row do not open: rows were moved, or the file is "
     "damaged",
     "lines of the log with the cause `key-failed`, and a backup to compare with",
     "restore the rows from the backup; do not change the key file"},
    {"BinderyRepositoryDown", "ticket",
     "a repository does not answer. What is kept goes on being used",
     "`bindery status` names the cause", "correct it, or ask the repository's operator"},
    {"BinderyEventsLost", "ticket",
     "the list of events left some out: a peer brings about more than its share, or the writer is "
     "busy. The log has all",
     "`bindery logs`: who is noisy?", "stop who is noisy; read the log for what the list lacks"},
    {"BinderyBindingFailures", "ticket",
     "authentications fail as they do when a SIM is in another device than its own. No service was "
     "changed by itself",
     "`bindery events --name suspected-theft`, and `--name binding-failure`",
     "ask the owners of these devices; suspend what was stolen"},
    {"BinderyAttachesTurnedAway", "ticket",
     "the MME has as many devices, or as many attaches under way, as it may",
     "`bindery top --mme`: which of the two is full?",
     "wait until a storm is over, or raise `limits`"},
    {"BinderyHomeNetworkSilent", "page", "requests of the MME get no answer",
     "is BinderyPeerGone on too? `bindery_mme_hss_answer_seconds` says how long answers take",
     "bring the connection or the HSS back; a HSS that is slow has alerts of its own"},
    {"BinderyWebhookBehind", "ticket",
     "an event has waited ten minutes for a receiver to take it. None is lost before the list "
     "gives it up",
     "`GET /v1/webhooks`, which has the cause, and `bindery events --name webhook-down`",
     "bring the receiver back, or correct its address or certificate and reload; it then gets all "
     "that waits"},
    {"BinderyWebhookLost", "ticket",
     "the list of events gave up events before a receiver had taken them",
     "`bindery events --name webhook-lost`, which says how many and up to which",
     "take what it lacks from the log, and raise `limits.events_kept` if the receiver may be away "
     "as long again"},
};

const struct alert_word *alert_words(size_t *n)
{
    *n = sizeof words / sizeof *words;
    return words;
}
