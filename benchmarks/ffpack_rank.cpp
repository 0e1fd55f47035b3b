// FFPACK's Rank of an n x n matrix of residues mod p, read as float64 from a file. Prints: rank, seconds,
// and the rate in Gop/s of dgemm in the BLAS it is linked with (best of three, 3000 x 3000).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <fflas-ffpack/fflas-ffpack-config.h>
#include <givaro/modular.h>
#include <fflas-ffpack/ffpack/ffpack.h>

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const size_t n = std::strtoul(argv[1], nullptr, 10);
    Givaro::Modular<double> field(std::atof(argv[2]));
    std::vector<double> a(n * n);
    std::FILE* file = std::fopen(argv[3], "rb");
    if (!file || std::fread(a.data(), sizeof(double), n * n, file) != n * n) return 3;
    std::fclose(file);
    const auto start = std::chrono::steady_clock::now();
    const size_t rank = FFPACK::Rank(field, n, n, a.data(), n);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const int m = 3000;
    std::vector<double> x(m * m, 0.5), y(m * m, 0.25), z(m * m);
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, m, m, 1.0, x.data(), m, y.data(), m, 0.0, z.data(), m);
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
        best = std::min(best, passed.count());
    }
    std::printf("%zu %.6f %.2f\n", rank, seconds.count(), 2.0 * m * m * m / best / 1e9);
    return 0;
}
