/*
 * mbedTLS 2.28 over UDP as a peer for the interop tests, with everything enabled that it was built with.
 *
 * In: lines on standard input, `serve VERSION SUITE KEY [NAME=VALUE...]`, `connect PORT VERSION SUITE KEY
 * [NAME=VALUE...]` or `suites`. VERSION is a record version and SUITE a number, both in hexadecimal; KEY is the name of
 * a PEM file (KEY.pem, key and certificate in one). The folder with the files, a pre-shared key in hexadecimal and its
 * identity are the arguments. Out: one line for each step: `port N`, `done VERSION SUITE NAME=VALUE...`, `fail REASON`,
 * `suites NUMBER...`. A server echoes until the other end closes; a client sends blocks, expects them back and closes.
 *
 * Options: etm=0 no encrypt-then-MAC; ems=0 no extended master secret; mtu=N for the handshake; auth=1 ask the client for a certificate;
 * renegotiate=1 handshake again before the last block; resume=1 with the session of the last connection; ticket=0 by
 * number alone; srtp=1 negotiate use_srtp.
 */

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/timing.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT_MS = 20000, PSK_MOST = 64 };

static const size_t BLOCKS[] = {1, 1000, 1100};

struct options {
    int etm, ems, mtu, auth, renegotiate, resume, ticket, srtp;
};

struct secrets {
    unsigned char master[48], randoms[64];
    mbedtls_tls_prf_types prf;
};

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_bytes;
static mbedtls_ssl_cache_context cache;
static mbedtls_ssl_ticket_context tickets;
static mbedtls_ssl_session saved;
static const char *folder, *identity;
static unsigned char psk[PSK_MOST];
static size_t psk_length;

static int fail(const char *what, int code) {
    char text[200] = "";
    mbedtls_strerror(code, text, sizeof text);
    printf("fail %s: %s\n", what, text);
    return -1;
}

static struct options read_options(char *rest) {
    struct options o = {.etm = 1, .ems = 1, .ticket = 1};
    struct { const char *name; int *value; } rows[] = {
        {"etm", &o.etm}, {"ems", &o.ems}, {"mtu", &o.mtu}, {"auth", &o.auth}, {"renegotiate", &o.renegotiate},
        {"resume", &o.resume}, {"ticket", &o.ticket}, {"srtp", &o.srtp},
    };
    for (char *word = strtok(rest, " \n"); word != NULL; word = strtok(NULL, " \n")) {
        char *equals = strchr(word, '=');
        for (size_t i = 0; equals != NULL && i < sizeof rows / sizeof *rows; i++) {
            if (strncmp(word, rows[i].name, (size_t) (equals - word)) == 0) {
                *rows[i].value = atoi(equals + 1);
            }
        }
    }
    return o;
}

static int udp(int port, int *bound) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short) port)};
    socklen_t length = sizeof address;
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    struct timeval limit = {.tv_sec = LIMIT_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (bound == NULL) {
        return connect(fd, (struct sockaddr *) &address, length) == 0 ? fd : -1;
    }
    if (bind(fd, (struct sockaddr *) &address, length) != 0) {
        return -1;
    }
    getsockname(fd, (struct sockaddr *) &address, &length);
    *bound = ntohs(address.sin_port);
    return fd;
}

/* Waits for the first datagram, leaves it where it is and listens to nobody but its sender. */
static int settle(int fd) {
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    char first;
    if (recvfrom(fd, &first, 1, MSG_PEEK, (struct sockaddr *) &from, &length) < 0) {
        return -1;
    }
    return connect(fd, (struct sockaddr *) &from, length);
}

static int keep_secrets(void *into, const unsigned char *master, const unsigned char *block, size_t mac, size_t key,
                        size_t iv, const unsigned char client[32], const unsigned char server[32],
                        mbedtls_tls_prf_types prf) {
    struct secrets *secrets = into;
    (void) block, (void) mac, (void) key, (void) iv;
    memcpy(secrets->master, master, 48);
    memcpy(secrets->randoms, client, 32);
    memcpy(secrets->randoms + 32, server, 32);
    secrets->prf = prf;
    return 0;
}

/* What RFC 5764, section 4.2 takes from the exporter: two keys and two salts. */
static void report(mbedtls_ssl_context *ssl, const struct secrets *secrets, const struct options *o) {
    const mbedtls_x509_crt *shown = mbedtls_ssl_get_peer_cert(ssl);
    mbedtls_dtls_srtp_info srtp;
    printf("done %s %04x auth=%s", mbedtls_ssl_get_version(ssl),
           mbedtls_ssl_get_ciphersuite_id(mbedtls_ssl_get_ciphersuite(ssl)),
           shown != NULL ? mbedtls_pk_get_name(&shown->pk) : "-");
    mbedtls_ssl_get_dtls_srtp_negotiation_result(ssl, &srtp);
    if (o->srtp && srtp.chosen_dtls_srtp_profile != MBEDTLS_TLS_SRTP_UNSET) {
        unsigned char keys[60];
        mbedtls_ssl_tls_prf(secrets->prf, secrets->master, 48, "EXTRACTOR-dtls_srtp", secrets->randoms, 64, keys,
                            sizeof keys);
        printf(" profile=%04x keys=", srtp.chosen_dtls_srtp_profile);
        for (size_t i = 0; i < sizeof keys; i++) {
            printf("%02x", keys[i]);
        }
    }
    printf("\n");
}

static int handshake(mbedtls_ssl_context *ssl, int server) {
    int code;
    while ((code = mbedtls_ssl_handshake(ssl)) != 0) {
        if (code == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED && server) {
            mbedtls_ssl_session_reset(ssl);
            mbedtls_ssl_set_client_transport_id(ssl, (const unsigned char *) "peer", 4);
        } else if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE) {
            return code;
        }
    }
    return 0;
}

static int speak(mbedtls_ssl_context *ssl, const struct options *o) {
    unsigned char sent[1100], got[2000];
    for (size_t i = 0; i < sizeof BLOCKS / sizeof *BLOCKS; i++) {
        memset(sent, (int) (BLOCKS[i] % 256), BLOCKS[i]);
        if (o->renegotiate && i == 2) {
            int code = mbedtls_ssl_renegotiate(ssl);
            if (code != 0) {
                return fail("renegotiation", code);
            }
        }
        int code = mbedtls_ssl_write(ssl, sent, BLOCKS[i]);
        if (code != (int) BLOCKS[i]) {
            return fail("write", code);
        }
        do {
            code = mbedtls_ssl_read(ssl, got, sizeof got);
        } while (code == MBEDTLS_ERR_SSL_WANT_READ);
        if (code < 0) {
            return fail("read", code);
        }
        if ((size_t) code != BLOCKS[i] || memcmp(sent, got, BLOCKS[i]) != 0) {
            printf("fail the echo of %zu bytes is not what was sent\n", BLOCKS[i]);
            return -1;
        }
    }
    mbedtls_ssl_session_free(&saved);
    mbedtls_ssl_session_init(&saved);
    mbedtls_ssl_get_session(ssl, &saved);
    mbedtls_ssl_close_notify(ssl);
    return 0;
}

static int echo(mbedtls_ssl_context *ssl, const struct options *o) {
    unsigned char got[16384];
    int asked = 0;
    for (;;) {
        int code = mbedtls_ssl_read(ssl, got, sizeof got);
        if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_CLIENT_RECONNECT) {
            continue;
        }
        if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            mbedtls_ssl_close_notify(ssl);
            return 0;
        }
        if (code < 0) {
            return fail("read", code);
        }
        int length = code;
        code = mbedtls_ssl_write(ssl, got, (size_t) length);
        if (code != length) {
            return fail("write", code);
        }
        if (o->renegotiate && !asked) {
            asked = 1;
            if ((code = mbedtls_ssl_renegotiate(ssl)) != 0 && code != MBEDTLS_ERR_SSL_WANT_READ) {
                return fail("renegotiation", code);
            }
        }
    }
}

static int configure(mbedtls_ssl_config *config, int server, int version, const struct options *o,
                     struct secrets *secrets) {
    static const mbedtls_ssl_srtp_profile profiles[] = {
        MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80, MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_32, MBEDTLS_TLS_SRTP_UNSET};
    int role = server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
    int code = mbedtls_ssl_config_defaults(config, role, MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
    int minor = version == 0xfeff ? MBEDTLS_SSL_MINOR_VERSION_2 : MBEDTLS_SSL_MINOR_VERSION_3;
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, minor);
    mbedtls_ssl_conf_max_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, minor);
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &random_bytes);
    mbedtls_ssl_conf_read_timeout(config, LIMIT_MS);
    mbedtls_ssl_conf_handshake_timeout(config, 400, 10000);
    mbedtls_ssl_conf_encrypt_then_mac(config, o->etm);
    mbedtls_ssl_conf_extended_master_secret(config, o->ems);
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
    mbedtls_ssl_conf_export_keys_ext_cb(config, keep_secrets, secrets);
    /* The tests judge the library under test, not this side: it accepts every certificate. */
    mbedtls_ssl_conf_authmode(config, server && o->auth ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_NONE);
    if (o->srtp) {
        mbedtls_ssl_conf_dtls_srtp_protection_profiles(config, profiles);
    }
    if (server) {
        mbedtls_ssl_conf_session_cache(config, &cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
        if (o->ticket) {
            mbedtls_ssl_conf_session_tickets_cb(config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
        }
    } else {
        mbedtls_ssl_conf_session_tickets(config, o->ticket);
    }
    return code != 0 ? code : mbedtls_ssl_conf_psk(config, psk, psk_length, (const unsigned char *) identity,
                                                   strlen(identity));
}

static void converse(int fd, int server, int version, int suite, const char *key, const struct options *o) {
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    mbedtls_x509_crt chain;
    mbedtls_pk_context private;
    mbedtls_ssl_cookie_ctx cookies;
    mbedtls_timing_delay_context timer;
    mbedtls_net_context net = {.fd = fd};
    struct secrets secrets = {0};
    int suites[] = {suite, 0}, code;
    char path[500];

    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_init(&ssl);
    mbedtls_x509_crt_init(&chain);
    mbedtls_pk_init(&private);
    mbedtls_ssl_cookie_init(&cookies);
    snprintf(path, sizeof path, "%s/%s.pem", folder, key);
    if ((code = configure(&config, server, version, o, &secrets)) != 0 ||
        (code = mbedtls_x509_crt_parse_file(&chain, path)) != 0 ||
        (code = mbedtls_pk_parse_keyfile(&private, path, NULL)) != 0 ||
        (code = mbedtls_ssl_conf_own_cert(&config, &chain, &private)) != 0 ||
        (code = mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &random_bytes)) != 0) {
        fail("setting up", code);
        goto end;
    }
    mbedtls_ssl_conf_ca_chain(&config, &chain, NULL);
    mbedtls_ssl_conf_ciphersuites(&config, suites);
    mbedtls_ssl_conf_dtls_cookies(&config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
    if ((code = mbedtls_ssl_setup(&ssl, &config)) != 0) {
        fail("setting up", code);
        goto end;
    }
    if (o->mtu) {
        mbedtls_ssl_set_mtu(&ssl, (uint16_t) o->mtu);
    }
    if (server) {
        mbedtls_ssl_set_client_transport_id(&ssl, (const unsigned char *) "peer", 4);
    } else if (o->resume) {
        mbedtls_ssl_set_session(&ssl, &saved);
    }
    mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
    mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, mbedtls_net_recv_timeout);
    if ((code = handshake(&ssl, server)) != 0) {
        fail("handshake", code);
        goto end;
    }
    mbedtls_ssl_set_mtu(&ssl, 0); /* it would refuse longer data */
    if ((server ? echo : speak)(&ssl, o) == 0) {
        report(&ssl, &secrets, o);
    }
end:
    mbedtls_ssl_free(&ssl);
    mbedtls_ssl_config_free(&config);
    mbedtls_x509_crt_free(&chain);
    mbedtls_pk_free(&private);
    mbedtls_ssl_cookie_free(&cookies);
}

static void obey(char *line) {
    char key[64];
    int port = 0, version, suite, used = 0, server = strncmp(line, "serve ", 6) == 0;
    if (server ? sscanf(line, "serve %x %x %63s%n", (unsigned *) &version, (unsigned *) &suite, key, &used) == 3
               : sscanf(line, "connect %d %x %x %63s%n", &port, (unsigned *) &version, (unsigned *) &suite, key,
                        &used) == 4) {
        struct options o = read_options(line + used);
        int fd = udp(port, server ? &port : NULL);
        if (server) {
            printf("port %d\n", port);
        }
        if (fd < 0 || (server && settle(fd) != 0)) {
            printf("fail nobody came\n");
        } else {
            converse(fd, server, version, suite, key, &o);
        }
        close(fd);
    } else if (strcmp(line, "suites\n") == 0) {
        printf("suites");
        for (const int *number = mbedtls_ssl_list_ciphersuites(); *number != 0; number++) {
            printf(" %04x", *number);
        }
        printf("\n");
    } else {
        printf("fail unknown command\n");
    }
}

int main(int count, char **arguments) {
    char line[1000];
    if (count != 4 || strlen(arguments[2]) > 2 * PSK_MOST) {
        return 2;
    }
    folder = arguments[1];
    identity = arguments[3];
    for (psk_length = 0; arguments[2][2 * psk_length] != '\0'; psk_length++) {
        sscanf(arguments[2] + 2 * psk_length, "%2hhx", &psk[psk_length]);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random_bytes);
    mbedtls_ssl_cache_init(&cache);
    mbedtls_ssl_ticket_init(&tickets);
    mbedtls_ssl_session_init(&saved);
    if (mbedtls_ctr_drbg_seed(&random_bytes, mbedtls_entropy_func, &entropy, NULL, 0) != 0 ||
        mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &random_bytes, MBEDTLS_CIPHER_AES_256_GCM,
                                 3600) != 0) {
        return 3;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        obey(line);
    }
    return 0;
}
