#include "core/backend/backend.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/backend/cpu/cpu.h"
#include "core/backend/ref.h"

#define PLUGIN_FILE "batchlab-cuda.so"
#define PATH_SIZE 4096

enum { CUDA, CPU, REF, ENTRY_COUNT };

static struct backend_entry entries[ENTRY_COUNT] = {
    [CUDA] = {.name = "cuda"},
    [CPU] = {.name = "cpu"},
    [REF] = {.name = "ref"},
};
static pthread_once_t probed = PTHREAD_ONCE_INIT;

// ---- the plugin -------------------------------------------------------------------------------

// Folder of this program, without the last slash; empty when the system does not say.
static void program_folder(char *folder, size_t size) {
    ssize_t length = readlink("/proc/self/exe", folder, size - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
}

static bool plugin_in(const char *folder, const char *below, char *path, size_t size) {
    int length = snprintf(path, size, "%s%s/" PLUGIN_FILE, folder, below);
    return length > 0 && (size_t)length < size && access(path, R_OK) == 0;
}

static bool find_plugin(char *path, size_t size) {
    char folder[PATH_SIZE];
    const char *asked = getenv("BATCHLAB_PLUGINS");
    program_folder(folder, sizeof folder);
    return (asked != NULL && plugin_in(asked, "", path, size)) || plugin_in(folder, "", path, size) ||
           plugin_in(folder, "/../lib/batchlab", path, size);
}

// The driver first: it is there on every machine with a usable GPU, and its absence costs nothing
// to find out, while the plugin brings hundreds of megabytes with it.
static enum status driver_present(struct error *error) {
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (driver == NULL) {
        return error_set(error, STATUS_MISSING, "libcuda.so.1 not found: there is no NVIDIA driver on this machine.");
    }
    int (*initialize)(unsigned) = NULL;
    int (*device_count)(int *) = NULL;
    *(void **)&initialize = dlsym(driver, "cuInit");
    *(void **)&device_count = dlsym(driver, "cuDeviceGetCount");
    int devices = 0;
    bool usable = initialize != NULL && device_count != NULL && initialize(0) == 0 && device_count(&devices) == 0;
    // The driver stays open: it starts threads that cannot be unloaded.
    if (!usable || devices == 0) {
        return error_set(error, STATUS_MISSING, "The NVIDIA driver is installed, but finds no device.");
    }
    return STATUS_OK;
}

static enum status open_plugin(const struct backend_api **api, struct error *error) {
    char path[PATH_SIZE];
    if (!find_plugin(path, sizeof path)) {
        return error_set(error, STATUS_MISSING,
                         PLUGIN_FILE " not found beside the program, in ../lib/batchlab or in $BATCHLAB_PLUGINS.");
    }
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL) {
        return error_set(error, STATUS_MISSING, "The CUDA plugin cannot be opened: %s.", dlerror());
    }
    backend_plugin *entry = NULL;
    *(void **)&entry = dlsym(plugin, BACKEND_PLUGIN_SYMBOL);
    *api = entry != NULL ? entry(BACKEND_VERSION) : NULL;
    if (*api == NULL || (*api)->version != BACKEND_VERSION) {
        dlclose(plugin);
        *api = NULL;
        return error_set(error, STATUS_UNSUPPORTED, "%s was built for another version of this program; rebuild it.",
                         path);
    }
    return STATUS_OK;
}

// ---- the table --------------------------------------------------------------------------------

static void enter(struct backend_entry *entry, const struct backend_api *api, enum status status,
                  struct error *error) {
    if (status == STATUS_OK) {
        status = api->probe(error);
    }
    if (status == STATUS_OK) {
        entry->api = api;
    } else {
        snprintf(entry->reason, sizeof entry->reason, "%s", error->text);
    }
}

static void probe_all(void) {
    struct error error = {0};
    const struct backend_api *cuda = NULL;
    enum status status = driver_present(&error);
    status = status ? status : open_plugin(&cuda, &error);
    enter(&entries[CUDA], cuda, status, &error);
    enter(&entries[CPU], &cpu_backend, STATUS_OK, &error);
    enter(&entries[REF], &ref_backend, STATUS_OK, &error);
}

size_t backend_count(void) {
    return ENTRY_COUNT;
}

const struct backend_entry *backend_entry(size_t index) {
    pthread_once(&probed, probe_all);
    return &entries[index];
}

static const struct backend_entry *entry_for(const char *name) {
    bool automatic = strcmp(name, "auto") == 0;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        const struct backend_entry *entry = backend_entry(i);
        bool chosen = automatic ? entry->api != NULL && i != REF : strcmp(entry->name, name) == 0;
        if (chosen) {
            return entry;
        }
    }
    return NULL;
}

enum status backend_open(const char *name, const struct backend_options *options, struct backend **backend,
                         struct error *error) {
    const struct backend_entry *entry = entry_for(name);
    if (entry == NULL) {
        return error_set(error, STATUS_INVALID, "There is no device \"%s\"; choose auto, cuda, cpu or ref.", name);
    }
    if (entry->api == NULL) {
        return error_set(error, STATUS_MISSING, "The device \"%s\" cannot be used: %s", name, entry->reason);
    }
    return entry->api->open(options, backend, error);
}

void backend_close(struct backend *backend) {
    if (backend != NULL) {
        backend->api->close(backend);
    }
}

// ---- precisions -------------------------------------------------------------------------------

static const char *const precisions[PRECISION_COUNT] = {
    [PRECISION_F32] = "f32",
    [PRECISION_TF32] = "tf32",
    [PRECISION_BF16] = "bf16",
    [PRECISION_F16] = "fp16",
};

enum status precision_parse(const char *text, enum precision *precision, struct error *error) {
    for (int i = 0; i < PRECISION_COUNT; i++) {
        if (strcmp(text, precisions[i]) == 0) {
            *precision = (enum precision)i;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "precision \"%s\": must be one of f32, tf32, bf16, fp16.", text);
}

const char *precision_name(enum precision precision) {
    return precision < PRECISION_COUNT ? precisions[precision] : "unknown";
}
