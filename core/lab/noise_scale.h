// How noisy gradients are, and what that says about batch sizes (McCandlish et al. 2018, "An empirical model of
// large-batch training"). Arithmetic only: no model, no threads, no allocation.
//
// With g_i the gradient of training row i alone (i = 1 … N), G = Σ g_i / N:
//   trace        tr Σ = Σ|g_i − G|² / (N − 1), the sample covariance (numpy.cov's): what batches drawn without
//                replacement estimate without bias
//   gradient_sq  |G|²
//   noise scale  tr Σ / |G|²: the batch size at which noise and gradient are equally long
// A batch of B rows in parts of b rows, all drawn without replacement, has s = mean |G_b|² over its parts, q = |G_B|².
// E s = |G|² + tr Σ·(1/b − 1/N) and E q = |G|² + tr Σ·(1/B − 1/N), so that
//   tr Σ ≈ (s − q) / (1/b − 1/B)              is unbiased as it stands, and
//   |G|² ≈ (B·q − b·s) / (B − b) + tr Σ / N   needs the last term, for the finite population.
// Means over several batches, or moving averages with the same decay in both, are divided last.
#ifndef CORE_LAB_NOISE_SCALE_H
#define CORE_LAB_NOISE_SCALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct noise_sample {         // one batch
    size_t batch, part;       // B, b: rows; B is a multiple of b and larger
    size_t population;        // N; 0: rows come from a distribution, not from a finite set
    double part_sq, batch_sq; // s, q
};

// Sums over samples, each `decay` times lighter than the next one; all zeros: none yet.
struct noise_average {
    double count;                                           // samples taken in
    double weight, weight_sq;                               // Σ and Σ² of their weights
    double trace, gradient, trace_sq, gradient_sq, product; // weighted sums
    double parts;                                           // weighted sum of the diversity
};

struct noise_estimate {
    double trace, gradient_sq; // means of what the samples say; |G|² may come out below 0
    double noise_scale;        // NaN where gradient_sq ≤ 0
    // 99 % interval of the noise scale (interval.h: a ratio of two means that go together), with Student's quantile
    // for the (effective) number of samples. low is NaN while there are fewer than 3; high is infinite where the
    // samples do not show that |G|² is above 0.
    double low, high;
    bool resolved; // the interval has two ends
    double diversity; // Σ|G_b|² / |ΣG_b|² over the parts of a batch, mean (Yin et al. 2018): b/B where all parts agree,
                      // 1 where they have nothing in common
};

double noise_trace(const struct noise_sample *sample);
double noise_gradient_sq(const struct noise_sample *sample);
double noise_diversity(const struct noise_sample *sample);
// decay 1: a plain mean. Samples that are not finite are left out.
void noise_add(struct noise_average *average, const struct noise_sample *sample, double decay);
struct noise_estimate noise_estimate(const struct noise_average *average);
struct noise_estimate noise_means(const struct noise_average *average); // without an interval: a few divisions

// What batch size B means at noise scale S: a step needs (1 + S/B) of the fewest steps, (1 + B/S) of the fewest
// samples.
double noise_share_left(double noise_scale, double batch); // of the speed-up that larger batches can give: S/(S + B)
double noise_steps(double noise_scale, double batch, double other);   // steps with batch `other`, relative to `batch`
double noise_samples(double noise_scale, double batch, double other); // samples, likewise

#endif
