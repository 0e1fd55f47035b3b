"""The sources that results cite, by key."""

from __future__ import annotations

import re

SOURCES: dict[str, str] = {
    "marchetti2025": "G. L. Marchetti, V. Shahverdi, S. Mereta, M. Trager, K. Kohn, Algebra Unveils Deep Learning - An "
    "Invitation to Neuroalgebraic Geometry, ICML 2025, arXiv:2501.18915",
    "zhang2023": "Y. Zhang, J. Kileel, Covering Number of Real Algebraic Varieties and Beyond: Improved Bounds and Applications, "
    "arXiv:2311.05116",
    "milnor1964": "J. Milnor, On the Betti numbers of real varieties, Proc. Amer. Math. Soc. 15 (1964)",
    "john1948": "F. John, Extremum problems with inequalities as subsidiary conditions, Studies and Essays presented to R. Courant, "
    "Interscience 1948",
    "hoeffding1963": "W. Hoeffding, Probability inequalities for sums of bounded random variables, J. Amer. Statist. Assoc. 58 (1963)",
    "mcdiarmid1989": "C. McDiarmid, On the method of bounded differences, Surveys in Combinatorics, Cambridge 1989",
    "maurer2016": "A. Maurer, A vector-contraction inequality for Rademacher complexities, ALT 2016, arXiv:1605.00251",
    "stargalla2025": "M. Stargalla, C. Hertrich, D. Reichman, The Computational Complexity of Counting Linear Regions in ReLU Neural "
    "Networks, arXiv:2505.16716",
    "zaslavsky1975": "T. Zaslavsky, Facing up to Arrangements: Face-Count Formulas for Partitions of Space by Hyperplanes, "
    "Mem. Amer. Math. Soc. 154 (1975)",
    "montufar2014": "G. Montufar, R. Pascanu, K. Cho, Y. Bengio, On the Number of Linear Regions of Deep Neural Networks, "
    "NeurIPS 2014, arXiv:1402.1869",
    "montufar2017": "G. Montufar, Notes on the Number of Linear Regions of Deep Neural Networks, SampTA 2017",
    "serra2018": "T. Serra, C. Tjandraatmadja, S. Ramalingam, Bounding and Counting Linear Regions of Deep Neural Networks, ICML 2018, "
    "arXiv:1711.02114",
    "zhang2018": "L. Zhang, G. Naitzat, L.-H. Lim, Tropical Geometry of Deep Neural Networks, ICML 2018, arXiv:1805.07091",
    "cover1965": "T. M. Cover, Geometrical and Statistical Properties of Systems of Linear Inequalities with Applications in Pattern "
    "Recognition, IEEE Trans. Electronic Computers EC-14 (1965)",
    "brandenburg2024": "M.-C. Brandenburg, G. Loho, G. Montufar, The Real Tropical Geometry of Neural Networks, arXiv:2403.11871",
    "jordan2019": "M. Jordan, J. Lewis, A. G. Dimakis, Provable Certificates for Adversarial Examples: Fitting a Ball in the Union of "
    "Polytopes, NeurIPS 2019, arXiv:1903.08778",
    "jordan2020": "M. Jordan, A. G. Dimakis, Exactly Computing the Local Lipschitz Constant of ReLU Networks, NeurIPS 2020, "
    "arXiv:2003.01219",
    "katz2017": "G. Katz, C. Barrett, D. Dill, K. Julian, M. Kochenderfer, Reluplex: An Efficient SMT Solver for Verifying Deep Neural "
    "Networks, CAV 2017, arXiv:1702.01135",
    "petzka2020": "H. Petzka, M. Trimmel, C. Sminchisescu, Notes on the Symmetries of 2-Layer ReLU-Networks, Proceedings of the "
    "Northern Lights Deep Learning Workshop 1 (2020)",
    "grigsby2022": "J. E. Grigsby, K. Lindsey, R. Meyerhoff, C. Wu, Functional Dimension of Feedforward ReLU Neural Networks, "
    "arXiv:2209.04036",
    "shahverdi2026razor": "V. Shahverdi, G. L. Marchetti, K. Kohn, Learning on a Razor's Edge: the Singularity Bias of Polynomial "
    "Neural Networks, ICLR 2026, arXiv:2505.11846",
    "abeasis1980": "S. Abeasis, A. Del Fra, Degenerations for the representations of an equioriented quiver of type A_m, "
    "Boll. Un. Mat. Ital. Suppl. 2 (1980)",
    "speissegger1999": "P. Speissegger, The Pfaffian closure of an o-minimal structure, J. Reine Angew. Math. 508 (1999), "
    "arXiv:math/9710220",
    "remez1934": "E. Remez, Sur le calcul effectif des polynomes d'approximation de Tchebichef, C. R. Acad. Sci. Paris 199 (1934)",
    "pachon2009": "R. Pachon, L. N. Trefethen, Barycentric-Remez algorithms for best polynomial approximation in the chebfun system, "
    "BIT 49 (2009)",
    "kileel2019": "J. Kileel, M. Trager, J. Bruna, On the Expressive Power of Deep Polynomial Neural Networks, NeurIPS 2019, "
    "arXiv:1905.12207",
    "watanabe2009": "S. Watanabe, Algebraic Geometry and Statistical Learning Theory, Cambridge University Press 2009",
    "aoyagi2024": "M. Aoyagi, Consideration on the learning efficiency of multiple-layered neural networks with linear units, "
    "Neural Networks 172 (2024)",
    "aoyagi2005": "M. Aoyagi, S. Watanabe, Resolution of singularities and the generalization error with Bayesian estimation for "
    "layered neural network, IEICE Trans. J88-D-II (2005)",
    "geyer1991": "C. J. Geyer, Markov Chain Monte Carlo Maximum Likelihood, Computing Science and Statistics 23 (1991)",
    "arnold1988": "V. I. Arnold, S. M. Gusein-Zade, A. N. Varchenko, Singularities of Differentiable Maps, Volume II, Birkhaeuser 1988",
    "trager2020": "M. Trager, K. Kohn, J. Bruna, Pure and Spurious Critical Points: a Geometric Study of Linear Networks, "
    "ICLR 2020, arXiv:1910.01671",
    "kruskal1977": "J. B. Kruskal, Three-way arrays: rank and uniqueness of trilinear decompositions, Linear Algebra Appl. 18 (1977)",
    "chiantini2017": "L. Chiantini, G. Ottaviani, N. Vannieuwenhoven, On generic identifiability of symmetric tensors of subgeneric "
    "rank, Trans. Amer. Math. Soc. 369 (2017), arXiv:1504.00547",
    "galuppi2019": "F. Galuppi, M. Mella, Identifiability of homogeneous polynomials and Cremona transformations, "
    "J. Reine Angew. Math. 757 (2019), arXiv:1606.06895",
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
    "holtz2012": "S. Holtz, T. Rohwedder, R. Schneider, On manifolds of tensors of fixed TT-rank, Numer. Math. 120 (2012)",
    "oseledets2011": "I. V. Oseledets, Tensor-Train Decomposition, SIAM J. Sci. Comput. 33 (2011)",
    "cohen2016": "N. Cohen, O. Sharir, A. Shashua, On the Expressive Power of Deep Learning: A Tensor Analysis, COLT 2016, "
    "arXiv:1509.05009",
    "landsberg2012": "J. M. Landsberg, Tensors: Geometry and Applications, Graduate Studies in Mathematics 128, AMS 2012",
    "strassen1983": "V. Strassen, Rank and optimal computation of generic tensors, Linear Algebra Appl. 52/53 (1983)",
    "lickteig1985": "T. Lickteig, Typical tensorial rank, Linear Algebra Appl. 69 (1985)",
    "catalisano2008": "M. V. Catalisano, A. V. Geramita, A. Gimigliano, On the ideals of secant varieties to certain rational "
    "varieties, J. Algebra 319 (2008)",
    "abo2009": "H. Abo, G. Ottaviani, C. Peterson, Induction for secant varieties of Segre varieties, "
    "Trans. Amer. Math. Soc. 361 (2009)",
    "catalisano2011": "M. V. Catalisano, A. V. Geramita, A. Gimigliano, Secant varieties of P1 x ... x P1 (n-times) are not defective "
    "for n >= 5, J. Algebraic Geom. 20 (2011)",
    "chiantini2002": "L. Chiantini, C. Ciliberto, Weakly defective varieties, Trans. Amer. Math. Soc. 354 (2002)",
    "woodworth2020": "B. Woodworth, S. Gunasekar, J. D. Lee, E. Moroshko, P. Savarese, I. Golan, D. Soudry, N. Srebro, Kernel and Rich "
    "Regimes in Overparametrized Models, COLT 2020, arXiv:2002.09277",
    "ho1966": "B. L. Ho, R. E. Kalman, Effective construction of linear state-variable models from input/output functions, "
    "Regelungstechnik 14 (1966)",
    "kailath1980": "T. Kailath, Linear Systems, Prentice-Hall 1980",
    "morris2019": "C. Morris, M. Ritzert, M. Fey, W. L. Hamilton, J. E. Lenssen, G. Rattan, M. Grohe, Weisfeiler and Leman Go Neural: "
    "Higher-Order Graph Neural Networks, AAAI 2019, arXiv:1810.02244",
    "hendi2026": "Y. Hendi, D. Persson, M. Larfors, The Geometry of Polynomial Group Convolutional Neural Networks, arXiv:2603.29566",
    "kohn2023": "K. Kohn, A.-L. Sattelberger, V. Shahverdi, Geometry of Linear Neural Networks: Equivariance and Invariance under "
    "Permutation Groups, arXiv:2309.13736",
    "draisma2016": "J. Draisma, E. Horobet, G. Ottaviani, B. Sturmfels, R. R. Thomas, The Euclidean Distance Degree of an Algebraic "
    "Variety, Found. Comput. Math. 16 (2016), arXiv:1309.0049",
    "friedland2014": "S. Friedland, G. Ottaviani, The number of singular vector tuples and uniqueness of best rank-one approximation "
    "of tensors, Found. Comput. Math. 14 (2014), arXiv:1210.8316",
    "holme1988": "A. Holme, The geometric and numerical properties of duality in projective algebraic geometry, "
    "Manuscripta Math. 61 (1988)",
    "arjevani2025": "Y. Arjevani, J. Bruna, J. Kileel, E. Polak, M. Trager, Geometry and Optimization of Shallow Polynomial Networks, "
    "arXiv:2501.06074",
    "hauenstein2014": "J. Hauenstein, J. I. Rodriguez, B. Sturmfels, Maximum likelihood for matrices with rank constraints, "
    "Journal of Algebraic Statistics 5 (2014), arXiv:1210.0198",
    "huh2014": "J. Huh, B. Sturmfels, Likelihood Geometry, in: Combinatorial Algebraic Geometry, Springer 2014, arXiv:1305.7462",
    "leykin2018": "A. Leykin, J. I. Rodriguez, F. Sottile, Trace test, Arnold Mathematical Journal 4 (2018), arXiv:1608.00540",
    "marcotte2023": "S. Marcotte, R. Gribonval, G. Peyre, Abide by the law and follow the flow: conservation laws for gradient flows, "
    "NeurIPS 2023, arXiv:2307.00144",
    "sussmann1973": "H. J. Sussmann, Orbits of families of vector fields and integrability of distributions, "
    "Trans. Amer. Math. Soc. 180 (1973)",
    "harris1984": "J. Harris, L. W. Tu, On symmetric and skew-symmetric determinantal varieties, Topology 23 (1984)",
    "iarrobino1999": "A. Iarrobino, V. Kanev, Power Sums, Gorenstein Algebras, and Determinantal Loci, Lecture Notes in "
    "Mathematics 1721, Springer 1999",
    "eisenbud1988": "D. Eisenbud, Linear sections of determinantal varieties, Amer. J. Math. 110 (1988)",
    "ottaviani2009": "G. Ottaviani, An invariant regarding Waring's problem for cubic polynomials, Nagoya Math. J. 193 (2009), "
    "arXiv:0712.2527",
    "marian2017": "A. Marian, D. Oprea, R. Pandharipande, Higher rank Segre integrals over the Hilbert scheme of points, "
    "arXiv:1712.02382",
    "shahverdi2024": "V. Shahverdi, Algebraic Complexity and Neurovariety of Linear Convolutional Networks, arXiv:2401.16613",
    "fulton1998": "W. Fulton, Intersection Theory, second edition, Springer 1998",
    "marchetti2024": "G. L. Marchetti, C. Hillar, D. Kragic, S. Sanborn, Harmonics of Learning: Universal Fourier Features Emerge in "
    "Invariant Networks, COLT 2024, arXiv:2312.08550",
    "shahverdi2026": "V. Shahverdi, G. L. Marchetti, G. Bökman, K. Kohn, Identifiable Equivariant Networks are Layerwise Equivariant, "
    "arXiv:2601.21645",
    "kubjas2024": "K. Kubjas, J. Li, M. Wiesmann, Geometry of polynomial neural networks, Algebraic Statistics 15 (2024), "
    "arXiv:2402.00949",
    "krawczyk1969": "R. Krawczyk, Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken, Computing 4 (1969)",
    "mehta2018": "D. Mehta, T. Chen, T. Tang, J. D. Hauenstein, The loss surface of deep linear networks viewed through the algebraic "
    "geometry lens, arXiv:1810.07716",
    "bharadwaj2023": "A. Bharadwaj, S. Hosten, Complex critical points of deep linear neural networks, arXiv:2301.12651",
    "hauenstein2013": "J. D. Hauenstein, Numerically computing real points on algebraic sets, Acta Appl. Math. 125 (2013), "
    "arXiv:1105.3643",
    "celik2021": "T. O. Celik, A. Jamneshan, G. Montufar, B. Sturmfels, L. Venturello, Wasserstein distance to independence models, "
    "J. Symbolic Comput. 104 (2021)",
    "cifuentes2022": "D. Cifuentes, K. Ranestad, B. Sturmfels, M. Weinstein, Voronoi cells of varieties, "
    "J. Symbolic Comput. 109 (2022)",
    "wilson1927": "E. B. Wilson, Probable inference, the law of succession, and statistical inference, "
    "J. Amer. Statist. Assoc. 22 (1927)",
    "hairer1996": "E. Hairer, G. Wanner, Solving Ordinary Differential Equations II: Stiff and Differential-Algebraic Problems, "
    "2nd edition, Springer 1996",
    "jacot2018": "A. Jacot, F. Gabriel, C. Hongler, Neural Tangent Kernel: Convergence and Generalization in Neural Networks, "
    "NeurIPS 2018, arXiv:1806.07572",
    "grosdos2025": "A. Grosdos, E. Robeva, M. Zubkov, Algebraic geometry of rational neural networks, arXiv:2509.11088",
}


def cite(*keys: str) -> str:
    """The bibliographic entries of ``keys``, one a line."""
    return "\n".join(SOURCES[k] for k in dict.fromkeys(keys))


_AUTHOR = re.compile(r"(?:[A-Z][a-z]?\.[ -]?)+\S")
"""Initials and a name."""
_GOES_ON = re.compile(r"(?:and|or|the|of) ")
"""How a part of a title begins that goes on after a comma."""


def bibtex(*keys: str) -> str:
    """The sources of these keys as BibTeX, each once: authors, title, year, where it appeared, and the number of arXiv."""
    return "\n\n".join(_entry(key, SOURCES[key]) for key in dict.fromkeys(keys))


def _entry(key: str, text: str) -> str:
    """One source as an entry of BibTeX. Its text is: authors, title, where and when, arXiv."""
    parts = text.split(", ")
    names = next((n for n, part in enumerate(parts) if not _AUTHOR.match(part)), len(parts) - 1)
    last = max((n for n in range(names, len(parts)) if _GOES_ON.match(parts[n])), default=names)
    title, rest = ", ".join(parts[names : last + 1]), parts[last + 1 :]
    archive = next((p.removeprefix("arXiv:") for p in rest if p.startswith("arXiv:")), "")
    years = re.findall(r"\b(?:1[89]|20)\d\d\b", ", ".join(p for p in rest if not p.startswith("arXiv:")))
    fields = {
        "author": " and ".join(parts[:names]),
        "title": f"{{{title}}}",
        "year": years[-1] if years else f"20{archive[:2]}",
        "howpublished": ", ".join(p for p in rest if not p.startswith("arXiv:")),
        "eprint": archive,
        "archiveprefix": "arXiv" if archive else "",
    }
    return f"@misc{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value) + "}"
