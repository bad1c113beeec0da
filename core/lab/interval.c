#include "core/lab/interval.h"

#include <math.h>
#include <stdbool.h>

// ---- Student's distribution ---------------------------------------------------------------------------------

// Γ(a + ½)/Γ(a): the series for large a (DLMF 5.11.13), and from there down by Γ(a + 1) = a·Γ(a).
static double gamma_ratio(double a) {
    double product = 1;
    for (; a < 30; a++)
        product *= a / (a + 0.5);
    double b = 1 / (8 * a);
    return product * sqrt(a) * (1 + b * (-1 + b * (0.5 + b * (2.5 + b * (-21.0 / 8 - b * 399.0 / 8)))));
}

// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method; x < (a + 1)/(a + b + 2).
static double beta_fraction(double a, double b, double x) {
    double value = 1, over = 1, under = 0;
    for (int i = 1; i < 10000; i++) {
        double m = i / 2;
        double term = i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                 : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        under = 1 / (1 + term * under);
        over = 1 + term / over;
        value *= over * under;
        if (fabs(over * under - 1) < 1e-15)
            break;
    }
    return 1 / value;
}

struct student {
    double degrees, ratio; // Γ((ν + 1)/2)/Γ(ν/2)
};

static double density(const struct student *student, double t) {
    double nu = student->degrees;
    return student->ratio / sqrt(acos(-1) * nu) * exp(-(nu + 1) / 2 * log1p(t * t / nu));
}

// P(|T| > t) = I_x(ν/2, ½) with x = ν/(ν + t²) (Abramowitz & Stegun 26.7.1).
static double outside(const struct student *student, double t) {
    double nu = student->degrees, a = nu / 2, b = 0.5, x = nu / (nu + t * t), rest = t * t / (nu + t * t);
    double factor = student->ratio / sqrt(acos(-1)) * exp(-a * log1p(t * t / nu)) * sqrt(rest);
    return x < (a + 1) / (a + b + 2) ? factor / a * beta_fraction(a, b, x) : 1 - factor / b * beta_fraction(b, a, rest);
}

// What lies outside is convex in t: from 0, Newton's steps come near from one side and never pass the root.
double student_quantile(double level, double degrees) {
    struct student student = {degrees, gamma_ratio(degrees / 2)};
    double t = 0;
    for (int i = 0; i < 1000; i++) {
        double step = (outside(&student, t) - 2 * (1 - level)) / (2 * density(&student, t));
        t += step;
        if (!(step > 1e-14 * t))
            break;
    }
    return t;
}

// ---- a ratio --------------------------------------------------------------------------------------------------

// The set is a·r² − 2·b·r + c ≤ 0; 0 is in it where c ≤ 0, and c/(b + root) is where it begins above 0 elsewhere: the
// smaller root of an interval (a > 0), the larger one of two rays (a < 0), and the end of one ray (a = 0).
void ratio_interval(const struct ratio *ratio, double quantile, double *low, double *high) {
    double square = quantile * quantile;
    double a = ratio->bottom * ratio->bottom - square * ratio->bottom_bottom;
    double b = ratio->top * ratio->bottom - square * ratio->top_bottom;
    double c = ratio->top * ratio->top - square * ratio->top_top;
    double root = sqrt(fmax(0, b * b - a * c));
    bool bounded = a > 0 && ratio->bottom > 0, impossible = a > 0 && ratio->bottom < 0;
    *low = c > 0 && b + root > 0 && !impossible ? c / (b + root) : 0;
    *high = bounded ? fmax(0, (b + root) / a) : (double)INFINITY;
}
