import Credence

/// A line that is flat up to an unknown bend and rises after it, written with an ordinary `if`: how many points lie before the bend is a number
/// that is read out of the drawn variables, and the body goes another way for each.
///
/// The number read is whole, so that there are as many ways as points, and each is recorded once, when it is first gone; a number that varies
/// continuously would make a new recording for every point of the sampler. The mean is continuous in the bend, which is what gradients need.
///
/// What to see: `credence infer branching` gives a level of 1.06 ± 0.08, a slope of 0.74 ± 0.10 and a bend at 5.9 ± 0.4 with the verdict `ok`
/// (the data are made with 1, 0.8, 6 and noise 0.3). After `--draws-output d.json`, `credence predict branching --posterior d.json` shows that the
/// curve is least certain just after the bend: its epistemic sd is 0.08 on the flat part and 0.19 at x = 6.8.
struct Branching: ModelWithExample {
  /// Inputs in rising order, and responses.
  let x, y: Tensor

  static let summary = "a bent line whose body branches on a drawn value (re-execution)"
  static var example: Branching {
    Branching(
      x: Tensor((0..<26).map { 0.4 * Double($0) }),
      y: [
        1.01, 1.14, 0.86, 1.11, 1.28, 1.12, 1.47, 0.73, 1.02, 0.79, 0.76, 0.94, 1.07, 1.13, 1.15, 1.67, 1.58, 1.16, 2.02, 2.09, 2.45, 3.31,
        3.17, 2.97, 3.97, 4.11,
      ])
  }

  func body(_ p: Program) throws -> (level: Tensor, slope: Tensor, bend: Tensor, noise: Tensor, curve: Tensor) {
    let level = p.sample("level", Normal(0, sd: 5))
    let slope = p.sample("slope", Normal(0, sd: 5))
    let bend = p.sample("bend", Uniform(0, 10))
    let noise = p.sample("noise", HalfNormal(sd: 1))
    let before = Int(try (x .<= bend).sum().item())
    let curve: Tensor
    if before == 0 {
      curve = level + slope * (x - bend)
    } else if before == x.count {
      curve = level + Tensor.zeros([x.count])
    } else {
      curve = concatenate([level + Tensor.zeros([before]), level + slope * (x[before..<x.count] - bend)])
    }
    p.observe("y", Normal(curve, sd: noise), y)
    return (level, slope, bend, noise, curve)
  }
}
