#include "datasets/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/input.h"

enum { BLOCK = 64 * 1024, PIECE = 1 << 20, NAME_MOST = 1024, TAR_BLOCK = 512, TAR_MAGIC_AT = 257 };

struct reading {
    const char *path;
    struct archive *archive;
    gzFile stream; // tar, gzip unpacked by zlib because it checks the sums
    int fd;        // zip, which is read from its end
    bool zip;
    uint64_t kept;     // bytes of members
    uint64_t reported; // bytes of the file that the task knows of
    bool zeros;        // the last bytes read were a block of zeros
    size_t entries;
    struct task *task;
    enum status status; // what went wrong inside a callback of the library's
    struct error problem;
    unsigned char *block; // [BLOCK]
};

bool archive_is(const unsigned char *head, size_t size) {
    static const struct {
        size_t at;
        const char *magic;
        size_t length;
    } magics[] = {{0, "PK\3\4", 4},
                  {0, "PK\5\6", 4},
                  {TAR_MAGIC_AT, "ustar", 5},
                  {0,
                   "\xfd"
                   "7zXZ\0",
                   6},
                  {0, "\x28\xb5\x2f\xfd", 4}};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (size >= magics[i].at + magics[i].length &&
            memcmp(head + magics[i].at, magics[i].magic, magics[i].length) == 0)
            return true;
    return size >= 10 && memcmp(head, "BZh", 3) == 0 && memcmp(head + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0;
}

// ---- bytes of the archive -------------------------------------------------------------------------

static enum status too_large(const struct reading *reading, struct error *error) {
    return error_set(error, STATUS_UNSUPPORTED,
                     "%s: unpacks to more than %llu GiB, which no data set that can be read does; unpack what is "
                     "wanted by hand",
                     reading->path, (unsigned long long)(ARCHIVE_BYTES_MOST >> 30));
}

static enum status report(struct reading *reading, struct error *error) {
    z_off_t at = reading->zip ? (z_off_t)archive_filter_bytes(reading->archive, -1) : gzoffset(reading->stream);
    uint64_t now = at > 0 ? (uint64_t)at : 0, more = now > reading->reported ? now - reading->reported : 0;
    reading->reported += more;
    if (reading->kept > ARCHIVE_BYTES_MOST || archive_filter_bytes(reading->archive, 0) > (int64_t)ARCHIVE_BYTES_MOST)
        return too_large(reading, error);
    return task_step(reading->task, more, error);
}

static enum status read_block(struct reading *reading, size_t *got, struct error *error) {
    int problem = Z_OK, count = gzread(reading->stream, reading->block, BLOCK), reason = errno;
    const char *text = gzerror(reading->stream, &problem);
    *got = count > 0 ? (size_t)count : 0;
    if (problem == Z_BUF_ERROR && *got < BLOCK)
        return error_set(error, STATUS_INVALID, "%s: is cut short; copy or download it again", reading->path);
    if (problem == Z_ERRNO)
        return error_set(error, STATUS_IO, "%s: reading failed: %s", reading->path, strerror(reason));
    if (problem == Z_MEM_ERROR)
        return error_memory(error, "unpacking", BLOCK);
    if (count < 0)
        return error_set(error, STATUS_INVALID, "%s: the compressed data is damaged (%s); copy or download it again",
                         reading->path, text);
    return report(reading, error);
}

static la_ssize_t on_read(struct archive *archive, void *context, const void **bytes) {
    struct reading *reading = context;
    size_t got = 0;
    reading->status = reading->status ? reading->status : read_block(reading, &got, &reading->problem);
    if (reading->status) {
        archive_set_error(archive, EIO, "%s", "reading failed");
        return -1;
    }
    if (got >= TAR_BLOCK) {
        reading->zeros = true;
        for (size_t i = got - TAR_BLOCK; i < got; i++)
            reading->zeros = reading->zeros && reading->block[i] == 0;
    }
    *bytes = reading->block;
    return (la_ssize_t)got;
}

// The sentence for what the library could not do.
static enum status refuse(struct reading *reading, struct error *error) {
    const char *text = archive_error_string(reading->archive);
    if (reading->status) {
        *error = reading->problem;
        return reading->status;
    }
    if (archive_errno(reading->archive) == ENOMEM)
        return error_memory(error, reading->path, BLOCK);
    if (reading->zip && text && strstr(text, "Unrecognized"))
        text = "its list of members is missing or empty";
    else if (reading->entries == 0 && text && strstr(text, "Unrecognized"))
        return error_set(error, STATUS_UNSUPPORTED, "%s: is packed, but holds no tar archive; unpack it and open that",
                         reading->path);
    if (text && strstr(text, "assphrase"))
        return error_set(error, STATUS_UNSUPPORTED, "%s: is encrypted; unpack it with its password and open the folder",
                         reading->path);
    return error_set(error, STATUS_INVALID, "%s: is damaged or cut short (%s); copy or download it again",
                     reading->path, text ? text : "no reason given");
}

static enum status open_stream(struct reading *reading, struct error *error) {
    uint64_t bytes = 0;
    unsigned char magic[2] = {0};
    enum status status = input_open(reading->path, &reading->fd, &bytes, reading->task, error);
    if (status)
        return status;
    reading->zip = pread(reading->fd, magic, 2, 0) == 2 && memcmp(magic, "PK", 2) == 0;
    task_begin(reading->task, "Unpacking", "bytes", bytes);
    if (reading->zip)
        return STATUS_OK;
    reading->stream = gzdopen(reading->fd, "rb");
    if (!reading->stream)
        return error_memory(error, reading->path, BLOCK);
    reading->fd = -1; // now the stream's
    gzbuffer(reading->stream, BLOCK);
    return STATUS_OK;
}

static enum status open_archive(struct reading *reading, struct error *error) {
    enum status status = open_stream(reading, error);
    if (status)
        return status;
    reading->archive = archive_read_new();
    reading->block = mem_alloc(BLOCK, 1);
    if (!reading->archive || !reading->block)
        return error_memory(error, reading->path, BLOCK);
    if (reading->zip) {
        archive_read_support_format_zip_seekable(reading->archive); // what lacks its directory is cut short
        return archive_read_open_fd(reading->archive, reading->fd, BLOCK) == ARCHIVE_OK ? STATUS_OK
                                                                                        : refuse(reading, error);
    }
    archive_read_support_format_tar(reading->archive);
    archive_read_support_filter_xz(reading->archive);
    archive_read_support_filter_bzip2(reading->archive);
    archive_read_support_filter_zstd(reading->archive);
    return archive_read_open(reading->archive, reading, NULL, on_read, NULL) == ARCHIVE_OK ? STATUS_OK
                                                                                           : refuse(reading, error);
}

static void close_archive(struct reading *reading) {
    if (reading->archive)
        archive_read_free(reading->archive);
    if (reading->stream)
        gzclose_r(reading->stream);
    if (reading->fd >= 0)
        close(reading->fd);
    mem_free(reading->block);
}

// What is behind the last member: reading it makes zlib check its sum. A tar file that is not packed has
// no sum, only the zeros at its end.
static enum status check_end(struct reading *reading, struct error *error) {
    if (reading->zip)
        return STATUS_OK;
    const void *bytes;
    la_ssize_t got = 1;
    while (got > 0)
        got = on_read(reading->archive, reading, &bytes);
    if (got < 0)
        return refuse(reading, error);
    bool plain = gzdirect(reading->stream) != 0 && archive_filter_count(reading->archive) == 1;
    if (plain && !reading->zeros)
        return error_set(error, STATUS_INVALID,
                         "%s: lacks the zeros that end a tar file, so it is cut short; copy or download it again",
                         reading->path);
    return STATUS_OK;
}

// ---- one member -----------------------------------------------------------------------------------

// A name from the archive for a sentence: without anything that could steer a terminal.
static const char *shown(const char *name, char out[80]) {
    size_t length = 0;
    for (; name[length] && length < 76; length++)
        out[length] = (unsigned char)name[length] < 0x20 || name[length] == 0x7f ? '?' : name[length];
    length = utf8_cut(out, length);
    strcpy(out + length, name[length] ? "…" : "");
    return out;
}

static bool climbs(const char *name) {
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return true;
    }
    return name[0] == '/';
}

static enum status check_entry(struct reading *reading, struct archive_entry *entry, const char *name,
                               struct error *error) {
    char out[80];
    mode_t type = archive_entry_filetype(entry);
    if (reading->entries > ARCHIVE_MEMBERS_MOST)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: has more than %d members; unpack what is wanted and open the folder", reading->path,
                         ARCHIVE_MEMBERS_MOST);
    if (climbs(name))
        return error_set(error, STATUS_INVALID,
                         "%s: has a member that points outside (\"%s\"); such an archive is not opened", reading->path,
                         shown(name, out));
    if (archive_entry_hardlink(entry) || archive_entry_symlink(entry) || (type != AE_IFREG && type != AE_IFDIR))
        return error_set(error, STATUS_INVALID,
                         "%s: its member \"%s\" is a link or a device; only plain files and folders are read from an "
                         "archive",
                         reading->path, shown(name, out));
    if (strlen(name) > NAME_MOST)
        return error_set(error, STATUS_INVALID, "%s: has a member whose name is longer than %d bytes (\"%s\")",
                         reading->path, NAME_MOST, shown(name, out));
    return STATUS_OK;
}

static enum status member_too_large(const struct reading *reading, const char *name, struct error *error) {
    char out[80];
    return error_set(error, STATUS_UNSUPPORTED,
                     "%s: its member \"%s\" has more than %llu GiB; unpack it by hand and open the folder",
                     reading->path, shown(name, out), (unsigned long long)(ARCHIVE_MEMBER_BYTES_MOST >> 30));
}

// Grows by what comes, never by what the archive promises.
static enum status read_bytes(struct reading *reading, const char *name, struct member *member, struct error *error) {
    size_t capacity = 0;
    for (;;) {
        if (member->size > ARCHIVE_MEMBER_BYTES_MOST)
            return member_too_large(reading, name, error);
        if (!vec_reserve(&member->bytes, &capacity, member->size + PIECE, 1))
            return error_memory(error, member->path, member->size + PIECE);
        la_ssize_t got = archive_read_data(reading->archive, member->bytes + member->size, PIECE);
        if (got < 0)
            return refuse(reading, error);
        if (got == 0)
            return STATUS_OK;
        member->size += (size_t)got;
        reading->kept += (size_t)got;
        enum status status = report(reading, error);
        if (status)
            return status;
    }
}

// A member that is gzip itself, as the files of MNIST are.
static enum status gunzip(struct reading *reading, const char *name, struct member *member, struct error *error) {
    z_stream stream = {.next_in = member->bytes};
    unsigned char *plain = NULL;
    size_t size = 0, capacity = 0, left = member->size;
    int result = inflateInit2(&stream, 15 + 16);
    enum status status = result == Z_OK ? STATUS_OK : error_memory(error, member->path, BLOCK);
    while (!status && result == Z_OK) {
        uInt now = left > PIECE ? PIECE : (uInt)left;
        if (size > ARCHIVE_MEMBER_BYTES_MOST)
            status = member_too_large(reading, name, error);
        else if (!vec_reserve(&plain, &capacity, size + PIECE, 1))
            status = error_memory(error, member->path, size + PIECE);
        if (status)
            break;
        stream.avail_in = now;
        stream.next_out = plain + size;
        stream.avail_out = PIECE;
        result = inflate(&stream, Z_NO_FLUSH);
        left -= now - stream.avail_in;
        size += PIECE - stream.avail_out;
        reading->kept += PIECE - stream.avail_out;
        status = report(reading, error);
    }
    inflateEnd(&stream);
    if (!status && result != Z_STREAM_END)
        status = error_set(error, STATUS_INVALID, "%s: its gzip data is damaged or cut short; download it again",
                           member->path);
    if (status) {
        mem_free(plain);
        return status;
    }
    mem_free(member->bytes);
    member->bytes = plain;
    member->size = size;
    return STATUS_OK;
}

static enum status name_member(struct reading *reading, const char *name, struct member *member, struct error *error) {
    struct str path = {0};
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    path_join(&path, reading->path, name);
    member->path = path.failed ? NULL : mem_string(str_text(&path));
    str_free(&path);
    if (!member->path)
        return error_memory(error, reading->path, strlen(name) + 1);
    for (char *c = member->path; *c; c++) // nothing that could steer a terminal
        *c = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;
    if (text_ends(member->path, ".gz"))
        member->path[strlen(member->path) - 3] = '\0';
    member->folder_length = (size_t)(path_base(member->path) - member->path);
    return STATUS_OK;
}

static bool is_wanted(bool (*wanted)(const char *name), const char *name) {
    char plain[NAME_MOST + 1];
    const char *base = path_base(name);
    size_t length = strlen(base) - (text_ends(base, ".gz") ? 3 : 0);
    memcpy(plain, base, length);
    plain[length] = '\0';
    return length > 0 && wanted(plain);
}

static enum status add_member(struct reading *reading, struct archive_entry *entry, const char *name,
                              struct members *members, struct error *error) {
    if (archive_entry_size_is_set(entry) && archive_entry_size(entry) > (la_int64_t)ARCHIVE_MEMBER_BYTES_MOST)
        return member_too_large(reading, name, error);
    if (!vec_reserve(&members->items, &members->capacity, members->count + 1, sizeof *members->items))
        return error_memory(error, reading->path, sizeof *members->items);
    struct member *member = &members->items[members->count++];
    *member = (struct member){0};
    enum status status = name_member(reading, name, member, error);
    if (!status)
        status = read_bytes(reading, name, member, error);
    if (!status && member->size > 2 && memcmp(member->bytes, "\x1f\x8b", 2) == 0)
        status = gunzip(reading, name, member, error);
    return status;
}

// ---- all members ----------------------------------------------------------------------------------

static enum status read_all(struct reading *reading, bool (*wanted)(const char *name), struct members *members,
                            struct error *error) {
    for (;;) {
        struct archive_entry *entry = NULL;
        int result = archive_read_next_header(reading->archive, &entry);
        if (result == ARCHIVE_EOF)
            return check_end(reading, error);
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            return refuse(reading, error);
        const char *name = archive_entry_pathname(entry);
        name = name ? name : archive_entry_pathname_utf8(entry);
        name = name ? name : "";
        reading->entries++;
        enum status status = check_entry(reading, entry, name, error);
        if (!status && archive_entry_filetype(entry) == AE_IFREG && is_wanted(wanted, name))
            status = add_member(reading, entry, name, members, error);
        if (!status)
            status = report(reading, error);
        if (status)
            return status;
    }
}

static bool same_folder(const struct member *a, const struct member *b) {
    return a->folder_length == b->folder_length && memcmp(a->path, b->path, a->folder_length) == 0;
}

static void member_free(struct member *member) {
    mem_free(member->path);
    mem_free(member->bytes);
}

// Keeps the folder with most members; the first of equals.
static void keep_one_folder(struct members *members) {
    size_t best = 0, best_count = 0, kept = 0;
    for (size_t i = 0; i < members->count; i++) {
        size_t count = 0;
        for (size_t k = 0; k < members->count; k++)
            count += same_folder(&members->items[i], &members->items[k]);
        if (count > best_count) {
            best = i;
            best_count = count;
        }
    }
    struct member chosen = best_count ? members->items[best] : (struct member){0};
    char *path = chosen.path; // may move, but is freed only if it is in another folder: never
    for (size_t i = 0; i < members->count; i++) {
        struct member member = members->items[i];
        if (same_folder(&member, &(struct member){.path = path, .folder_length = chosen.folder_length}))
            members->items[kept++] = member;
        else
            member_free(&member);
    }
    members->count = kept;
}

enum status archive_read_members(const char *path, bool (*wanted)(const char *name), struct members *members,
                                 struct task *task, struct error *error) {
    struct reading reading = {.path = path, .task = task, .fd = -1};
    *members = (struct members){.path = path};
    enum status status = open_archive(&reading, error);
    if (!status)
        status = read_all(&reading, wanted, members, error);
    close_archive(&reading);
    if (status)
        members_free(members);
    else
        keep_one_folder(members);
    return status;
}

struct member *members_find(const struct members *members, const char *name) {
    for (size_t i = 0; i < members->count; i++)
        if (text_equal(path_base(members->items[i].path), path_base(name)))
            return &members->items[i];
    return NULL;
}

void members_drop(const struct members *members, const char *name) {
    struct member *member = members ? members_find(members, name) : NULL;
    if (!member)
        return;
    mem_free(member->bytes);
    member->bytes = NULL;
}

void members_free(struct members *members) {
    for (size_t i = 0; i < members->count; i++)
        member_free(&members->items[i]);
    mem_free(members->items);
    *members = (struct members){0};
}
