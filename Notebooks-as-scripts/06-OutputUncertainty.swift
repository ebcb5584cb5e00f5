// %% How uncertain is the output of a program?
// A formula is computed from measured numbers, and every one of them is a little wrong. How wrong is the result, which input is to blame, and
// what would it help to measure better? Write the formula as a model, with the inputs as random quantities, and ask for a *prediction*.
//
// Our program is the tip of a loaded beam: `δ = F L³ / (3 E I)` with `I = b h³ / 12`.
import Credence

struct Beam: Model {
  /// Readings of the deflection in mm, and their error.
  let readings: Tensor
  let readingError: Double
  /// Relative errors of the load and of the height of the section.
  let loadError, heightError: Double

  func body(_ p: Program) throws -> (deflection: Tensor, stress: Tensor) {
    let load = p.sample("load", LogNormal(log(Tensor(1.0)), sd: loadError))  // kN
    let length = p.sample("length", LogNormal(log(Tensor(2.0)), sd: 0.01))  // m
    let modulus = p.sample("modulus", LogNormal(log(Tensor(200.0)), sd: 0.05))  // GPa
    let width = p.sample("width", LogNormal(log(Tensor(40.0)), sd: 0.03))  // mm
    let height = p.sample("height", LogNormal(log(Tensor(80.0)), sd: heightError))  // mm
    let inertia = width * height * height * height / 12
    let deflection = 1e9 * load * length * length * length / (3 * modulus * inertia)
    p.plate("readings", readings.count) { i in
      p.observe("reading", Normal(deflection, sd: readingError), readings[i])
    }
    return (deflection, 6e6 * load * length / (width * square(height)))
  }
}

let beam = Beam(readings: [8.1, 8.5, 8.3], readingError: 0.3, loadError: 0.06, heightError: 0.025)

// %% From the inputs to the output
// `predict` draws the inputs from their priors, runs the formula, and takes the variance apart. `gradients` names numbers of the model by which the expectations are
// differentiated.
let prediction = try await predict(beam, draws: 20_000, gradients: ["loadError"], seed: 1)
var outputs = Table("output", "mean", "sd")
outputs.append("deflection (mm)", prediction.deflection.mean, prediction.deflection.sd)
outputs.append("stress (MPa)", prediction.stress.mean, prediction.stress.sd)
show(outputs)

show(
  Plot("Deflection of the tip, before any reading", x: "deflection (mm)", y: "density")
    .histogram("from the priors", try prediction.deflection.draws.values()))

// %% Who is to blame?
// Sobol's shares: the part of the variance that would go if one input were known exactly (*first*), and the part that needs the input at all (*total*). The load is known to 6 %
// and the height to 2.5 %, yet the height weighs more: it enters with its third power.
var shares = Table("input", "first", "± mcse", "total")
for share in prediction.deflection.shares {
  shares.append(share.input, share.first, share.firstError, share.total ?? Tensor(.nan))
}
show(shares)

// %% Two kinds of uncertainty
// A new *reading* is uncertain for two reasons. **Aleatoric** is what would remain if all inputs were known, the error of the reading; **epistemic** is what knowing them would remove.
// By the law of total variance they add up.
if let reading = prediction["reading"] {
  var kinds = Table("reading", "variance (mm²)")
  kinds.append("aleatoric", try reading.aleatoric[0].item())
  kinds.append("epistemic", try reading.epistemic[0].item())
  kinds.append("together", try reading.sd[0].item() * reading.sd[0].item())
  show(kinds)
}

// %% What is a better load cell worth?
// Derivatives by the model's own numbers, with Monte Carlo errors, instead of running everything twice:
var gradients = Table("∂E[deflection]/∂", "mm", "± mcse")
for (name, gradient) in prediction.deflection.gradients.sorted(by: { $0.key < $1.key }) {
  gradients.append(name, gradient.value, gradient.error)
}
show(gradients)

// %% After three readings
// The readings tie the inputs together. Each input is hardly better known than before, and the deflection is: what matters is the combination that was measured.
let posterior = try await fit(beam, seed: 1)
var known = Table("quantity", "sd before", "sd after")
known.append("deflection", prediction.deflection.sd, posterior.deflection.sd)
known.append("stress", prediction.stress.sd, posterior.stress.sd)
show(known)

let updated = try await predict(beam, from: posterior, seed: 1)
show(
  Plot("Deflection of the tip", x: "deflection (mm)", y: "density")
    .histogram("before", try prediction.deflection.draws.values())
    .histogram("after three readings", try updated.deflection.draws.values()))
