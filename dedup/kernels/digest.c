#include "digest.h"

#include "norm.h"

void digest_start(digest_lanes *lanes)
{
    for (unsigned k = 0; k < DIGEST_LANES; k++) {
        lanes->one[k] = NORM_K1;
        lanes->two[k] = NORM_K2;
    }
}

NORM_INLINE void digest_step(digest_lanes *lanes, unsigned k, uint64_t hash)
{
    uint64_t one = (lanes->one[k] ^ hash) * NORM_K0, two = (lanes->two[k] + hash) * NORM_K3;
    lanes->one[k] = one ^ one >> 29;
    lanes->two[k] = two ^ two >> 32;
}

NORM_CLONES void digest_add(digest_lanes *lanes, uint64_t first, const uint64_t *hashes,
                            size_t count)
{
    size_t i = 0;
    for (; i < count && (first + i) % DIGEST_LANES; i++)
        digest_step(lanes, (unsigned)((first + i) % DIGEST_LANES), hashes[i]);
    digest_lanes now = *lanes;
    for (; i + DIGEST_LANES <= count; i += DIGEST_LANES)
        for (unsigned k = 0; k < DIGEST_LANES; k++)
            digest_step(&now, k, hashes[i + k]);
    *lanes = now;
    for (unsigned k = 0; i < count; i++, k++)
        digest_step(lanes, k, hashes[i]);
}

void digest_finish(const digest_lanes *lanes, uint64_t tokens, uint64_t digest[2])
{
    uint64_t one = tokens ^ NORM_K1, two = tokens ^ NORM_K2;
    for (unsigned k = 0; k < DIGEST_LANES; k++) {
        one = norm_multiply(one ^ lanes->one[k], NORM_K0);
        two = norm_multiply(two + lanes->two[k], NORM_K3);
    }
    digest[0] = one;
    digest[1] = two;
}
