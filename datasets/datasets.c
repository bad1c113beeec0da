#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/csv_files.h"
#include "datasets/dataset.h"
#include "datasets/images.h"
#include "datasets/input.h"

// To add a format: a file with a struct loader, and a row here. Equal scores: the first row wins.
static const struct loader *const loaders[] = {&loader_cifar10, &loader_cifar100, &loader_idx, &loader_csv};

enum { HEAD_BYTES = 64 * 1024 };

size_t loader_count(void) {
    return sizeof loaders / sizeof *loaders;
}

const struct loader *loader_at(size_t index) {
    return loaders[index];
}

// ---- what is at the path --------------------------------------------------------------------------

static enum status check_path(const char *path, bool *folder, struct error *error) {
    struct stat info;
    if (path[0] == '\0')
        return error_set(error, STATUS_INVALID, "No file was named; name a file or a folder");
    if (stat(path, &info) != 0) {
        int reason = errno;
        if (reason == ENOENT || reason == ENOTDIR)
            return error_set(error, STATUS_MISSING, "%s: no such file or folder; check the spelling", path);
        return error_set(error, STATUS_IO, "%s: cannot be looked at: %s", path, strerror(reason));
    }
    *folder = S_ISDIR(info.st_mode);
    if (*folder && access(path, R_OK | X_OK) != 0)
        return error_set(error, STATUS_IO, "%s: this folder may not be read: %s", path, strerror(errno));
    return STATUS_OK;
}

// Damage behind the head is the loader's to report; damage in it is reported only if nothing was read.
static enum status read_head(const char *path, unsigned char *head, size_t *size, uint64_t *bytes, struct task *task,
                             struct error *error) {
    struct packed_file file = {0};
    struct error problem;
    enum status status = packed_open(&file, path, NULL, task, &problem);
    *bytes = file.file_bytes;
    file.task = NULL; // the head is read once more with the rest
    if (!status)
        status = packed_read(&file, head, HEAD_BYTES, size, &problem);
    if (!status && *size == 0)
        status =
            error_set(&problem, STATUS_INVALID, "%s: holds nothing once unpacked; make or download it again", path);
    packed_close(&file);
    if (*size > 0)
        return STATUS_OK;
    *error = problem;
    return status;
}

static enum status refuse_folder(const char *path, struct error *error) {
    struct str known = {0};
    for (size_t i = 0; i < loader_count(); i++)
        if (loaders[i] != &loader_csv)
            str_format(&known, "%s%s", known.length ? "; " : "", loaders[i]->help);
    enum status status =
        error_set(error, STATUS_INVALID,
                  "%s: no data set was found in this folder. Looked for %s; text tables (.csv, .tsv and their kin)",
                  path, str_text(&known));
    str_free(&known);
    return status;
}

static enum status refuse_file(const char *path, struct error *error) {
    return error_set(error, STATUS_INVALID,
                     "%s: is of no kind that can be read (text tables, CIFAR binary files, IDX files)", path);
}

static const struct loader *most_sure(const char *path, const unsigned char *head, size_t size) {
    const struct loader *best = NULL;
    int best_score = 0;
    for (size_t i = 0; i < loader_count(); i++) {
        int score = loaders[i]->score(path, head, size);
        if (score > best_score) {
            best = loaders[i];
            best_score = score;
        }
    }
    return best;
}

// An archive is chosen as no loader: its members say whose they are.
static enum status choose(const char *path, const struct loader **loader, uint64_t *bytes, struct task *task,
                          struct error *error) {
    bool folder = false;
    unsigned char *head = NULL;
    size_t size = 0;
    enum status status = check_path(path, &folder, error);
    if (status)
        return status;
    if (folder) {
        *loader = most_sure(path, NULL, 0);
        return *loader ? STATUS_OK : refuse_folder(path, error);
    }
    head = mem_alloc(HEAD_BYTES, 1);
    if (!head)
        return error_memory(error, path, HEAD_BYTES);
    status = read_head(path, head, &size, bytes, task, error);
    if (!status) {
        bool archive = archive_is(head, size);
        *loader = archive ? NULL : most_sure(path, head, size);
        status = *loader || archive ? STATUS_OK : refuse_file(path, error);
    }
    mem_free(head);
    return status;
}

// ---- opening --------------------------------------------------------------------------------------

// The last part of the path, also when it ends in a slash.
static char *name_of(const char *path) {
    char *copy = mem_string(path);
    if (!copy)
        return NULL;
    size_t length = strlen(copy);
    while (length > 1 && copy[length - 1] == '/')
        copy[--length] = '\0';
    char *name = mem_string(path_base(copy));
    mem_free(copy);
    return name;
}

static struct dataset *dataset_make(const char *path, const struct loader *loader, uint64_t bytes,
                                    struct error *error) {
    struct dataset *dataset = mem_alloc(1, sizeof *dataset);
    if (dataset) {
        dataset->name = name_of(path);
        dataset->path = mem_string(path);
        dataset->format = mem_string(loader->name);
        dataset->file_bytes = bytes;
    }
    if (dataset && dataset->name && dataset->path && dataset->format)
        return dataset;
    error_memory(error, path, sizeof *dataset);
    dataset_free(dataset);
    return NULL;
}

// ---- archives -------------------------------------------------------------------------------------

static bool anybody_wants(const char *name) {
    for (size_t i = 0; i < loader_count(); i++)
        if (loaders[i]->wants && loaders[i]->wants(name))
            return true;
    return false;
}

// Whose members they are: the loader that wants most of them.
static const struct loader *whose(const struct members *members) {
    const struct loader *best = NULL;
    size_t best_count = 0;
    for (size_t i = 0; i < loader_count(); i++) {
        size_t count = 0;
        for (size_t k = 0; loaders[i]->wants && k < members->count; k++)
            count += loaders[i]->wants(path_base(members->items[k].path));
        if (count > best_count) {
            best = loaders[i];
            best_count = count;
        }
    }
    return best;
}

static enum status refuse_archive(const char *path, struct error *error) {
    struct str known = {0};
    for (size_t i = 0; i < loader_count(); i++)
        if (loaders[i]->wants)
            str_format(&known, "%s%s", known.length ? "; " : "", loaders[i]->help);
    bool pickles = strstr(path_base(path), "python") != NULL;
    enum status status = error_set(error, STATUS_INVALID, "%s: no data set was found in this archive. %s%s", path,
                                   pickles ? "It seems to be the Python version; the binary one is needed"
                                           : "Unpack it and open the file you mean. Looked for ",
                                   pickles ? "" : str_text(&known));
    str_free(&known);
    return status;
}

static enum status open_archive(const char *path, uint64_t bytes, struct dataset **dataset, struct task *task,
                                struct error *error) {
    struct members members = {0};
    struct dataset *made = NULL;
    enum status status = archive_read_members(path, anybody_wants, &members, task, error);
    const struct loader *loader = whose(&members);
    if (!status && !loader)
        status = refuse_archive(path, error);
    if (!status)
        made = dataset_make(path, loader, bytes, error);
    if (!status)
        status = made ? loader->load_members(&members, made, task, error) : error->status;
    members_free(&members);
    if (!status) {
        *dataset = made;
        made = NULL;
    }
    dataset_free(made);
    return status;
}

// ---- several files --------------------------------------------------------------------------------

enum status dataset_files(const char *path, const struct load_options *options, struct path_list *list,
                          struct error *error) {
    enum status status = path_list_add(list, path, error);
    if (!status && list->count == 0)
        status = refuse_folder(path, error);
    for (size_t i = 0; i < options->more_count && !status; i++) {
        const char *more = input_path(options->more[i]);
        size_t before = list->count;
        status = path_list_add(list, more, error);
        if (!status && list->count == before)
            status = refuse_folder(more, error);
    }
    return status;
}

// All have to be text tables. *bytes: of all of them.
static enum status check_files(const struct path_list *list, uint64_t *bytes, struct task *task, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < list->count && !status; i++) {
        const struct loader *loader = NULL;
        uint64_t here = 0;
        status = choose(list->items[i], &loader, &here, task, error);
        *bytes += here;
        if (!status && loader != &loader_csv)
            status = error_set(error, STATUS_UNSUPPORTED,
                               "%s: is no text table; only those can be read as one, open it alone", list->items[i]);
    }
    return status;
}

// "days (3 files)", "a.csv + 2 files".
static enum status name_files(struct dataset *dataset, const struct load_options *options, const struct path_list *list,
                              struct error *error) {
    struct str name = {0};
    if (options->more_count == 0)
        str_format(&name, "%s (%zu files)", dataset->name, list->count);
    else
        str_format(&name, "%s + %zu file%s", path_base(list->items[0]), list->count - 1, list->count == 2 ? "" : "s");
    char *copy = name.failed ? NULL : mem_string(str_text(&name));
    str_free(&name);
    if (!copy)
        return error_memory(error, "a name", 1);
    mem_free(dataset->name);
    dataset->name = copy;
    return STATUS_OK;
}

static enum status open_tables(const char *path, const struct load_options *options, const struct path_list *list,
                               struct dataset **dataset, struct task *task, struct error *error) {
    uint64_t bytes = 0;
    enum status status = check_files(list, &bytes, task, error);
    if (status)
        return status;
    struct dataset *made = dataset_make(path, &loader_csv, bytes, error);
    status = made ? name_files(made, options, list, error) : error->status;
    if (!status)
        status = csv_load_files(list->items, list->count, options, made, task, error);
    if (!status) {
        *dataset = made;
        made = NULL;
    }
    dataset_free(made);
    return status;
}

enum status dataset_is_table(const char *path, bool *table, struct task *task, struct error *error) {
    const struct loader *loader = NULL;
    uint64_t bytes = 0;
    *table = false;
    path = input_path(path);
    if (file_is_folder(path) || path_is_pattern(path))
        return STATUS_OK;
    enum status status = choose(path, &loader, &bytes, task, error);
    *table = !status && loader == &loader_csv;
    return status;
}

// ---- opening anything -----------------------------------------------------------------------------

static enum status open_one(const char *path, const struct load_options *options, struct dataset **dataset,
                            struct task *task, struct error *error) {
    const struct loader *loader = NULL;
    uint64_t bytes = 0;
    enum status status = choose(path, &loader, &bytes, task, error);
    if (status)
        return status;
    if (!loader)
        return open_archive(path, bytes, dataset, task, error);
    struct dataset *made = dataset_make(path, loader, bytes, error);
    status = made ? loader->load(path, options, made, task, error) : error->status;
    if (!status) {
        *dataset = made;
        made = NULL;
    }
    dataset_free(made);
    return status;
}

static enum status open_any(const char *path, const struct load_options *options, struct dataset **dataset,
                            struct task *task, struct error *error) {
    struct path_list list = {0};
    bool tables = file_is_folder(path) && !most_sure(path, NULL, 0);
    if (options->more_count == 0 && !tables && !path_is_pattern(path))
        return open_one(path, options, dataset, task, error);
    enum status status = dataset_files(path, options, &list, error);
    if (!status)
        status = list.count == 1 ? open_one(list.items[0], options, dataset, task, error)
                                 : open_tables(path, options, &list, dataset, task, error);
    path_list_free(&list);
    return status;
}

enum status dataset_open(const char *path, const struct load_options *options, struct dataset **dataset,
                         struct task *task, struct error *error) {
    path = input_path(path);
    if (options)
        return open_any(path, options, dataset, task, error);
    struct load_options *defaults = mem_alloc(1, sizeof *defaults); // too large for a thread's stack to take lightly
    if (!defaults)
        return error_memory(error, path, sizeof *defaults);
    *defaults = load_options_default();
    enum status status = open_any(path, defaults, dataset, task, error);
    mem_free(defaults);
    return status;
}

bool column_type_asked(const char *name, enum column_type *type, bool *amount) {
    static const struct {
        const char *name;
        enum column_type type;
        bool amount;
    } known[] = {{"numeric", COLUMN_NUMERIC, false},   {"number", COLUMN_NUMERIC, false},
                 {"amount", COLUMN_NUMERIC, true},     {"date", COLUMN_DATE, false},
                 {"category", COLUMN_CATEGORY, false}, {"boolean", COLUMN_CATEGORY, false},
                 {"text", COLUMN_TEXT, false}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) {
            *type = known[i].type;
            *amount = known[i].amount;
            return true;
        }
    return false;
}

const char *column_type_asked_name(enum column_type type, bool amount) {
    return amount ? "amount" : column_type_name(type);
}

void dataset_free(struct dataset *dataset) {
    if (!dataset)
        return;
    table_free(dataset->table);
    images_free(dataset->images);
    notes_free(&dataset->notes);
    mem_free(dataset->name);
    mem_free(dataset->path);
    mem_free(dataset->format);
    mem_free(dataset);
}

size_t dataset_rows(const struct dataset *dataset) {
    if (dataset->kind == DATASET_IMAGES)
        return dataset->images ? dataset->images->count : 0;
    return dataset->table ? dataset->table->rows : 0;
}

// ---- samples --------------------------------------------------------------------------------------

static bool holds_samples(const char *folder) {
    return folder_has(folder, "iris.csv");
}

// Where the program lies; empty where the system cannot say.
static void program_folder(char *out, size_t size) {
    ssize_t length = readlink("/proc/self/exe", out, size - 1);
    out[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
}

enum status samples_folder(char *out, size_t size, struct error *error) {
    // beside the program, installed (PREFIX/bin), and built in build/VARIANT of the source tree
    static const char *const places[] = {"samples", "../share/batchlab/samples", "../../datasets/samples"};
    char program[4096];
    const char *named = getenv("BATCHLAB_SAMPLES");
    if (named && *named) {
        if (!holds_samples(named))
            return error_set(error, STATUS_MISSING,
                             "BATCHLAB_SAMPLES=%s: there are no samples there; correct it or unset it", named);
        if ((size_t)snprintf(out, size, "%s", named) >= size)
            return error_set(error, STATUS_INVALID, "BATCHLAB_SAMPLES: the path is too long");
        return STATUS_OK;
    }
    program_folder(program, sizeof program);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if ((size_t)snprintf(out, size, "%s/%s", program, places[i]) < size && holds_samples(out))
            return STATUS_OK;
    return error_set(error, STATUS_MISSING,
                     "The samples were not found beside the program in %s; set BATCHLAB_SAMPLES to their folder",
                     program);
}
