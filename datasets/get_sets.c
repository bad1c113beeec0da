// What `batchlab get` can fetch. Sizes and SHA-256 sums as TensorFlow Datasets publishes them
// (github.com/tensorflow/datasets, tensorflow_datasets/url_checksums: cifar10.txt, cifar100.txt,
// fashion_mnist.txt); the authors' own pages give MD5 sums of the same files:
// www.cs.toronto.edu/~kriz/cifar.html and github.com/zalandoresearch/fashion-mnist.
#include "core/base/str.h"
#include "datasets/get.h"

static const struct get_file cifar10_files[] = {
    {.name = "cifar-10-binary.tar.gz",
     .bytes = 170052171,
     .sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
};
static const struct get_file cifar100_files[] = {
    {.name = "cifar-100-binary.tar.gz",
     .bytes = 168513733,
     .sha256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"},
};
static const struct get_file fashion_files[] = {
    {.name = "train-images-idx3-ubyte.gz",
     .bytes = 26421880,
     .sha256 = "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
    {.name = "train-labels-idx1-ubyte.gz",
     .bytes = 29515,
     .sha256 = "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
    {.name = "t10k-images-idx3-ubyte.gz",
     .bytes = 4422102,
     .sha256 = "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
    {.name = "t10k-labels-idx1-ubyte.gz",
     .bytes = 5148,
     .sha256 = "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
};

// To add a set: a row here; its files must be of a kind that a loader opens.
static const struct get_set sets[] = {
    {.name = "cifar10",
     .help = "60000 color images of 10 things, 32×32, 162 MiB",
     .base = "https://www.cs.toronto.edu/~kriz",
     .made_by = "Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
     .files = cifar10_files,
     .count = 1},
    {.name = "cifar100",
     .help = "60000 color images of 100 things, 32×32, 161 MiB",
     .base = "https://www.cs.toronto.edu/~kriz",
     .made_by = "Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
     .files = cifar100_files,
     .count = 1},
    {.name = "fashion-mnist",
     .help = "70000 gray images of 10 garments, 28×28, 30 MiB",
     .base = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
     .made_by = "Xiao, Rasul, Vollgraf 2017, https://github.com/zalandoresearch/fashion-mnist, MIT license",
     .files = fashion_files,
     .count = sizeof fashion_files / sizeof *fashion_files},
};

size_t get_set_count(void) {
    return sizeof sets / sizeof *sets;
}

const struct get_set *get_set_at(size_t index) {
    return &sets[index];
}

const struct get_set *get_set_find(const char *name) {
    for (size_t i = 0; i < get_set_count(); i++)
        if (text_equal(sets[i].name, name))
            return &sets[i];
    return NULL;
}
