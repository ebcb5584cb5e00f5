import Credence

/// The tip of a loaded cantilever of rectangular section: δ = F L³/(3 E I) with I = b h³/12, all inputs known to a few per cent.
///
/// Made for `credence predict cantilever-beam`: with nothing observed, the uncertainty of the inputs goes through the formula. δ is about
/// 7.8 mm ± 12 %, and two fifths of the variance come from the height of the section, which enters with its third power, though its relative
/// error is less than half of the load's; a reading adds 0.3 mm of noise, the aleatoric part. `--gradient loadError` tells what a better known load is worth.
/// After `infer`, the three readings tie the inputs together, and δ is known to 0.2 mm though each single input is hardly better known than before.
struct CantileverBeam: ModelWithExample {
  /// Readings of the deflection at the tip, in mm, and the standard deviation of their errors.
  let readings: Tensor
  let readingError: Double
  /// Relative standard deviations of the load, the length, the modulus, and the sides of the section.
  let loadError, lengthError, modulusError, widthError, heightError: Double

  static let summary = "deflection of a beam with uncertain load, length, stiffness and section; try predict"
  static var example: CantileverBeam {
    CantileverBeam(
      readings: [8.1, 8.5, 8.3], readingError: 0.3, loadError: 0.06, lengthError: 0.01, modulusError: 0.05, widthError: 0.03,
      heightError: 0.025)
  }

  func body(_ p: Program) throws -> (deflection: Tensor, stress: Tensor) {
    let load = p.sample("load", LogNormal(log(1.0), sd: loadError))  // kN
    let length = p.sample("length", LogNormal(log(2.0), sd: lengthError))  // m
    let modulus = p.sample("modulus", LogNormal(log(200.0), sd: modulusError))  // GPa
    let width = p.sample("width", LogNormal(log(40.0), sd: widthError))  // mm
    let height = p.sample("height", LogNormal(log(80.0), sd: heightError))  // mm
    let inertia = width * height * height * height / 12  // mm⁴
    let deflection = 1e9 * load * length * length * length / (3 * modulus * inertia)  // mm
    p.plate("readings", readings.count) { i in
      p.observe("reading", Normal(deflection, sd: readingError), readings[i])
    }
    return (deflection, 6e6 * load * length / (width * square(height)))  // MPa
  }
}
