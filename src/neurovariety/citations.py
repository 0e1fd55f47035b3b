"""The sources that results cite, by key."""

from __future__ import annotations

SOURCES: dict[str, str] = {
    "marchetti2025": "G. L. Marchetti, V. Shahverdi, S. Mereta, M. Trager, K. Kohn, Algebra Unveils Deep Learning - An "
    "Invitation to Neuroalgebraic Geometry, ICML 2025, arXiv:2501.18915",
    "kileel2019": "J. Kileel, M. Trager, J. Bruna, On the Expressive Power of Deep Polynomial Neural Networks, NeurIPS 2019, "
    "arXiv:1905.12207",
    "trager2020": "M. Trager, K. Kohn, J. Bruna, Pure and Spurious Critical Points: a Geometric Study of Linear Networks, "
    "ICLR 2020, arXiv:1910.01671",
    "alexander1995": "J. Alexander, A. Hirschowitz, Polynomial interpolation in several variables, J. Algebraic Geom. 4 (1995)",
    "finkel2024": "B. Finkel, J. I. Rodriguez, C. Wu, T. Yahl, Activation degree thresholds and expressiveness of polynomial "
    "neural networks, arXiv:2408.04569",
    "usevich2025": "K. Usevich, R. Borsoi, C. Derand, M. Clausel, Identifiability of Deep Polynomial Neural Networks, arXiv:2506.17093",
    "massarenti2025": "A. Massarenti, M. Mella, The Alexander-Hirschowitz theorem for neurovarieties, arXiv:2511.19703",
    "kohn2022": "K. Kohn, T. Merkh, G. Montufar, M. Trager, Geometry of Linear Convolutional Networks, SIAGA 2022, arXiv:2108.01538",
    "shahverdi2025": "V. Shahverdi, G. L. Marchetti, K. Kohn, On the Geometry and Optimization of Polynomial Convolutional "
    "Networks, AISTATS 2025, arXiv:2410.00722",
    "henry2025": "N. W. Henry, G. L. Marchetti, K. Kohn, Geometry of Lightning Self-Attention: Identifiability and Dimension, "
    "ICLR 2025, arXiv:2408.17221",
    "dao2026": "K. Dao, J. I. Rodriguez, minimal filling architectures of polynomial neural networks, arXiv:2605.09609",
    "bruns1988": "W. Bruns, U. Vetter, Determinantal Rings, Lecture Notes in Mathematics 1327, Springer 1988",
    "schwartz1980": "J. T. Schwartz, Fast probabilistic algorithms for verification of polynomial identities, J. ACM 27 (1980)",
}


def cite(*keys: str) -> str:
    """The bibliographic entries of ``keys``, one a line."""
    return "\n".join(SOURCES[k] for k in dict.fromkeys(keys))
