// One file on its way: what datasets/get.c (the network) and datasets/get_file.c (the part on disk, its sum,
// its name) share.
#ifndef DATASETS_GET_TRANSFER_H
#define DATASETS_GET_TRANSFER_H

#include <stdbool.h>

#include "datasets/get.h"

struct transfer {
    const struct get_file *file;
    const struct get_options *options;
    struct task *task;
    const char *url;
    struct str path, part;       // where the file goes; PATH.part
    int fd;                      // of the part
    uint64_t done, resumed;      // bytes in the part; of which before this call
    bool spoiled;                // the part is none of the right file: nothing to go on with
    double shown, rate_at, rate; // of the progress told
    uint64_t rate_done;
    struct { // one request: get.c's
        void *handle;
        long code;                       // of the last response
        int64_t range_from, range_total; // of its Content-Range; -1: none
        bool begun;                      // its first byte has been looked at
        bool astray;                     // it was another part than the one asked for
        enum status status;              // what went wrong inside a callback
        struct error problem;
        char words[256]; // the library's, CURL_ERROR_SIZE
    } request;
};

// Once before anything else; whether the address may be asked at all (https, or http on this machine).
enum status get_begin(const char *mirror, struct error *error);
// What is missing of the part, from the network. On success the part has as many bytes as the file.
enum status get_fetch(struct transfer *transfer, struct error *error);

// Called back while bytes come. Tells the progress: at most 10 times a second, or now.
void transfer_show(struct transfer *transfer, bool checking, bool now);
enum status transfer_empty(struct transfer *transfer, struct error *error);
enum status transfer_write(struct transfer *transfer, const char *bytes, size_t count, struct error *error);
const char *transfer_megabytes(uint64_t bytes, char out[32]); // "162.2 MiB"

#endif
