// Downloads with libcurl: the only network code of the program. What the server says is believed only as
// far as it agrees with what is known of the file: its size before a byte comes, and in the end its sum.
#include <curl/curl.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/str.h"
#include "datasets/get_transfer.h"

enum { REDIRECTS_MOST = 5, CONNECT_SECONDS = 20, STALL_SECONDS = 30 };

// ---- what the server says -------------------------------------------------------------------------

// "Content-Range: bytes 100-999/1000"; a redirect's headers are forgotten when the next ones begin.
static size_t on_header(char *line, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    char text[128];
    size_t length = size * count, kept = length < sizeof text ? length : sizeof text - 1;
    memcpy(text, line, kept);
    text[kept] = '\0';
    if (strncmp(text, "HTTP/", 5) == 0)
        transfer->request.range_from = transfer->request.range_total = -1;
    int64_t to = 0;
    if (strncasecmp(text, "content-range:", 14) == 0 &&
        sscanf(text + 14, " bytes %" SCNd64 "-%" SCNd64 "/%" SCNd64, &transfer->request.range_from, &to,
               &transfer->request.range_total) < 3)
        transfer->request.range_total = -1; // the size is not told
    return length;
}

static enum status other_size(const struct transfer *transfer, uint64_t size, struct error *error) {
    return error_set(error, STATUS_INVALID,
                     "%s: has %" PRIu64 " bytes there, where the official file has %" PRIu64
                     "; it is another file, try another mirror",
                     transfer->url, size, transfer->file->bytes);
}

// Before the first byte is kept: does it belong where the part ends, in a file of the right size? A server
// that knows no ranges sends everything again.
static enum status check_answer(struct transfer *transfer, struct error *error) {
    curl_off_t length = -1;
    transfer->request.begun = true;
    curl_easy_getinfo(transfer->request.handle, CURLINFO_RESPONSE_CODE, &transfer->request.code);
    curl_easy_getinfo(transfer->request.handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    bool ranged = transfer->request.code == 206;
    uint64_t from = ranged ? transfer->done : 0;
    if (ranged && transfer->request.range_total >= 0 && transfer->request.range_total != (int64_t)transfer->file->bytes)
        return other_size(transfer, (uint64_t)transfer->request.range_total, error);
    transfer->request.astray = ranged && transfer->request.range_from != (int64_t)from;
    if (transfer->request.astray)
        return error_set(error, STATUS_INVALID, "%s: the server sends another part than it was asked for",
                         transfer->url);
    if (length >= 0 && from + (uint64_t)length != transfer->file->bytes)
        return other_size(transfer, from + (uint64_t)length, error);
    return from < transfer->done ? transfer_empty(transfer, error) : STATUS_OK;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    size_t length = size * count;
    bool first = !transfer->request.begun;
    enum status status = first ? check_answer(transfer, &transfer->request.problem) : STATUS_OK;
    if (!status && length > transfer->file->bytes - transfer->done) {
        transfer->spoiled = true;
        status = error_set(&transfer->request.problem, STATUS_INVALID,
                           "%s: sends more than the %" PRIu64 " bytes of the official file; try another mirror",
                           transfer->url, transfer->file->bytes);
    }
    if (!status)
        status = transfer_write(transfer, bytes, length, &transfer->request.problem);
    if (!status && first)
        transfer_show(transfer, false, true);
    transfer->request.status = status;
    return status ? 0 : length;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    struct transfer *transfer = context;
    (void)a, (void)b, (void)c, (void)d;
    transfer_show(transfer, false, false);
    if (task_step(transfer->task, 0, &transfer->request.problem) == STATUS_OK)
        return 0;
    char done[32], total[32];
    transfer->request.status =
        error_set(&transfer->request.problem, STATUS_CANCELLED,
                  "%s: stopped at %s of %s; the same command goes on from there", transfer->file->name,
                  transfer_megabytes(transfer->done, done), transfer_megabytes(transfer->file->bytes, total));
    return 1;
}

// ---- one request ----------------------------------------------------------------------------------

static bool is_local(const char *url) {
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        size_t length = strlen(hosts[i]);
        if (strncmp(url, hosts[i], length) == 0 && strchr(":/", url[length]))
            return true; // also at its end: strchr finds the NUL
    }
    return false;
}

static void set_protocols(CURL *curl, bool local) {
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, local ? "http,https" : "https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, local ? "http,https" : "https");
#else
    long allowed = local ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, allowed);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, allowed);
#endif
}

static void set_options(struct transfer *transfer, const char *range) {
    CURL *curl = transfer->request.handle;
    double stall = transfer->options->stall_seconds > 0 ? transfer->options->stall_seconds : STALL_SECONDS;
    bool local = is_local(transfer->url);
    curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->request.words);
    set_protocols(curl, local);
    if (local)
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MOST);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)ceil(stall));
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "batchlab");
    curl_easy_setopt(curl, CURLOPT_RANGE, range);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
}

// "host.example" of the address that was asked last.
static const char *host_of(const struct transfer *transfer, char out[128]) {
    char *address = NULL;
    curl_easy_getinfo(transfer->request.handle, CURLINFO_EFFECTIVE_URL, &address);
    const char *from = address ? strstr(address, "://") : NULL;
    from = from ? from + 3 : transfer->url;
    snprintf(out, 128, "%.*s", (int)(strcspn(from, "/") < 127 ? strcspn(from, "/") : 127), from);
    return out;
}

static enum status refused_by_server(const struct transfer *transfer, struct error *error) {
    const char *what = transfer->request.code == 404 || transfer->request.code == 410
                           ? "the server has no such file; try another mirror"
                       : transfer->request.code == 403 || transfer->request.code == 401
                           ? "the server does not give it to everybody; try another mirror"
                       : transfer->request.code == 429 ? "the server has too many requests from here; try again later"
                       : transfer->request.code >= 500 ? "the server has a problem of its own; try again later"
                                                       : "the server does not give it; try another mirror";
    return error_set(error, STATUS_IO, "%s: %s (HTTP status %ld)", transfer->url, what, transfer->request.code);
}

static const char *keeping(const struct transfer *transfer, char out[160]) {
    char done[32], total[32];
    if (transfer->done == 0)
        snprintf(out, 160, "try again later");
    else
        snprintf(out, 160, "%s of %s are kept, and the same command goes on from there",
                 transfer_megabytes(transfer->done, done), transfer_megabytes(transfer->file->bytes, total));
    return out;
}

static enum status explain(struct transfer *transfer, CURLcode code, struct error *error) {
    char host[128], keep[160];
    host_of(transfer, host);
    keeping(transfer, keep);
    switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
        return refused_by_server(transfer, error);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return error_set(error, STATUS_IO, "%s cannot be found: is this machine online? %s", host, keep);
    case CURLE_COULDNT_CONNECT:
        return error_set(error, STATUS_IO, "%s does not answer: is this machine online? %s", host, keep);
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(error, STATUS_IO, "%s %s; %s", host,
                         transfer->request.begun ? "has fallen silent" : "does not answer", keep);
    case CURLE_TOO_MANY_REDIRECTS:
        return error_set(error, STATUS_IO,
                         "%s: leads from one address to the next, more than %d times; try another mirror",
                         transfer->url, REDIRECTS_MOST);
    case CURLE_UNSUPPORTED_PROTOCOL:
        if (transfer->request.code / 100 != 3)
            break; // no HTTP at all
        return error_set(error, STATUS_IO, "%s: leads to an address that is not https; try another mirror",
                         transfer->url);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
        return error_set(error, STATUS_IO, "%s: its certificate cannot be trusted (%s); nothing was taken from it",
                         host, curl_easy_strerror(code));
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return error_set(error, STATUS_IO, "%s ended the connection too early; %s", host, keep);
    case CURLE_OUT_OF_MEMORY:
        return error_memory(error, transfer->url, CURL_MAX_WRITE_SIZE);
    default:
        break;
    }
    return error_set(error, STATUS_IO, "%s: downloading failed (%s); %s", transfer->url,
                     transfer->request.words[0] ? transfer->request.words : curl_easy_strerror(code), keep);
}

static enum status request(struct transfer *transfer, struct error *error) {
    char range[32], keep[160];
    snprintf(range, sizeof range, "%" PRIu64 "-", transfer->done);
    transfer->request.begun = transfer->request.astray = false;
    transfer->request.status = STATUS_OK;
    transfer->request.code = 0;
    transfer->request.words[0] = '\0';
    transfer->request.range_from = transfer->request.range_total = -1;
    curl_easy_reset(transfer->request.handle);
    set_options(transfer, transfer->done > 0 ? range : NULL);
    CURLcode code = curl_easy_perform(transfer->request.handle);
    curl_easy_getinfo(transfer->request.handle, CURLINFO_RESPONSE_CODE, &transfer->request.code);
    if (transfer->request.status) {
        *error = transfer->request.problem;
        return transfer->request.status;
    }
    if (code != CURLE_OK)
        return explain(transfer, code, error);
    if (transfer->done < transfer->file->bytes)
        return error_set(error, STATUS_IO, "%s ended the connection too early; %s", transfer->url,
                         keeping(transfer, keep));
    return STATUS_OK;
}

// A server that cannot go on from where the part ends is asked for everything.
enum status get_fetch(struct transfer *transfer, struct error *error) {
    transfer->request.handle = curl_easy_init();
    if (!transfer->request.handle)
        return error_memory(error, transfer->url, CURL_MAX_WRITE_SIZE);
    enum status status = request(transfer, error);
    if (status && (transfer->request.code == 416 || transfer->request.astray) && transfer->done > 0) {
        status = transfer_empty(transfer, error);
        if (!status)
            status = request(transfer, error);
    }
    curl_easy_cleanup(transfer->request.handle);
    return status;
}

// ---- before anything ------------------------------------------------------------------------------

static CURLcode begun;

static void begin(void) {
    begun = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static enum status begin_curl(struct error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin);
    if (begun != CURLE_OK)
        return error_set(error, STATUS_UNSUPPORTED, "downloads are not possible here: %s", curl_easy_strerror(begun));
    return STATUS_OK;
}

static enum status check_mirror(const char *mirror, struct error *error) {
    if (!mirror || (text_starts(mirror, "https://") && mirror[strlen("https://")]) || is_local(mirror))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "mirror \"%s\": must begin with https:// (http:// only on this machine)",
                     mirror);
}

enum status get_begin(const char *mirror, struct error *error) {
    enum status status = check_mirror(mirror, error);
    return status ? status : begin_curl(error);
}
