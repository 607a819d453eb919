/* net/verify_oids.h - the object identifiers by which a certificate says what its holder is.
 *
 * A role is an extended key usage (RFC 5280 4.2.1.12), beside clientAuth or serverAuth: whoever
 * issues the certificate decides about it, and no name has to be read for it. The arc is 32473, the
 * enterprise number that RFC 5612 keeps for documentation: nobody else may deploy it, so nothing of
 * anybody else's is mistaken for a role of ours. .1.1 below it is ours for roles.
 */
#ifndef BINDERY_NET_VERIFY_OIDS_H
#define BINDERY_NET_VERIFY_OIDS_H

#define VERIFY_OID_ROLES "1.3.6.1.4.1.32473.1.1"

/* ROLE, name, object identifier, what the holder may be */
#define VERIFY_ROLE_LIST(X)                                                                        \
    X(OPERATOR, "operator", VERIFY_OID_ROLES ".1", "asks for bindings and keys of devices")        \
    X(MANUFACTURER, "manufacturer", VERIFY_OID_ROLES ".2", "publishes bindings of what it makes")  \
    X(SERVICE_PROVIDER, "service-provider", VERIFY_OID_ROLES ".3", "endorses first attachments")   \
    X(AUSF, "ausf", VERIFY_OID_ROLES ".4", "authenticates for a home network")                     \
    X(DEVICE, "device", VERIFY_OID_ROLES ".5", "is a device, or the secure element in one")        \
    X(REPOSITORY, "repository", VERIFY_OID_ROLES ".6", "answers for bindings of devices")          \
    X(PROVISIONING_OPERATOR, "provisioning-operator", VERIFY_OID_ROLES ".7",                       \
      "gives subscriptions to devices in the attach procedure")                                    \
    X(ARPF, "arpf", VERIFY_OID_ROLES ".8",                                                         \
      "agrees on keys with secure elements, and endorses them to operators")                       \
    X(ADMINISTRATOR, "administrator", VERIFY_OID_ROLES ".9",                                       \
      "is a person or a program that administers; what it may do is the configuration's to say")

#endif
