"""Makes Models/Data from posteriordb and from fixed seeds. Run: python3 Tests/ModelLibraryTests/Oracles/make_data.py POSTERIORDB PEERS Models/Data

Of posteriordb's files the keys that the models read are kept; the numbers are not touched. The radon example is drawn from the model itself.
"""
import json, math, os, random, sys

source, peers, target = sys.argv[1:4]
keep = {
    "arK-arK": ("arK", ["K", "y"]),
    "earnings-logearn_interaction": ("earnings", ["earn", "height", "male"]),
    "eight_schools-eight_schools_centered": ("eight_schools", ["y", "sigma"]),
    "garch-garch11": ("garch", ["y", "sigma1"]),
    "gp_pois_regr-gp_pois_regr": ("gp_pois_regr", ["x", "k"]),
    "hmm_example-hmm_example": ("hmm_example", ["y"]),
    "kidiq-kidscore_interaction": ("kidiq", ["kid_score", "mom_hs", "mom_iq"]),
    "low_dim_gauss_mix-low_dim_gauss_mix": ("low_dim_gauss_mix", ["y"]),
    "mesquite-logmesquite": ("mesquite", ["weight", "diam1", "diam2", "canopy_height", "total_height", "density", "group"]),
    "nes1980-nes": ("nes1980", ["partyid7", "real_ideo", "race_adj", "age_discrete", "educ1", "gender", "income"]),
    "sblrc-blr": ("sblrc", ["X", "y"]),
}


def write(name, value):
    with open(os.path.join(target, name), "w") as f:
        json.dump(value, f, separators=(",", ":"))
        f.write("\n")


for posterior, (name, keys) in keep.items():
    data = json.load(open(f"{source}/{posterior}/data.json"))
    write(name + ".json", {k: data[k] for k in keys})
os.makedirs(os.path.join(target, "reference"), exist_ok=True)
for posterior in list(keep) + ["eight_schools-eight_schools_noncentered"]:
    parameters = json.load(open(f"{source}/{posterior}/reference.json"))["parameters"]
    write(f"reference/{posterior}.json", {"parameters": parameters})

gp, gmm, logreg = (json.load(open(f"{peers}/data/{m}.json")) for m in ["gp", "gmm", "logreg"])
write("gaussian-process.json", {k: gp[k] for k in ["x", "y"]})
write("mixture.json", {k: gmm[k] for k in ["y", "K"]})
write("logistic-regression.json", {"X": logreg["X"][:1000], "y": logreg["y"][:1000]})

r = random.Random(20)
counties, houses = 85, 919
a = [1.4 + 0.3 * r.gauss(0, 1) for _ in range(counties)]
b = [-0.7 + 0.3 * r.gauss(0, 1) for _ in range(counties)]
weights = [r.expovariate(1) ** 1.5 + 0.05 for _ in range(counties)]
county = sorted(list(range(1, counties + 1)) + r.choices(range(1, counties + 1), weights, k=houses - counties))
floor = [1 if r.random() < 0.17 else 0 for _ in range(houses)]
y = [round(a[c - 1] + b[c - 1] * f + 0.75 * r.gauss(0, 1), 4) for c, f in zip(county, floor)]
write("radon-synthetic.json", {"J": counties, "y": y, "county": county, "floor": floor})

r = random.Random(21)
x = [round(-1 + 0.7 * k / 19, 4) for k in range(20)] + [round(0.4 + 0.6 * k / 19, 4) for k in range(20)]
write("curve-with-gap.json", {"x": x, "y": [round(math.sin(4 * v) + 0.5 * v + 0.1 * r.gauss(0, 1), 4) for v in x]})

r = random.Random(22)
topics, vocabulary, documents, length = 3, 12, 40, 30
phi = [[0.24 if 4 * k <= v < 4 * k + 4 else 0.005 for v in range(vocabulary)] for k in range(topics)]
words = []
for d in range(documents):
    g = [r.gammavariate(0.5, 1) for _ in range(topics)]
    words.append([r.choices(range(vocabulary), phi[r.choices(range(topics), g)[0]])[0] for _ in range(length)])
write("documents.json", {"words": words, "vocabulary": vocabulary, "anchors": [0, 4, 8]})
