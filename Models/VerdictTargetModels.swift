import Credence
import Foundation

// The models of ``VerdictTargets``: no data, and moments that are known.

struct CorrelatedPair: ModelWithExample {
  static let name = "target-correlated-pair"
  static let summary = "target: two normals with correlation 0.99"
  static var example: CorrelatedPair { CorrelatedPair() }

  func body(_ p: Program) throws -> (a: Tensor, b: Tensor) {
    let a = p.sample("a", Normal(0, sd: 1))
    let b = p.sample("b", Normal(0.99 * a, sd: (1 - 0.99 * 0.99).squareRoot()))
    return (a, b)
  }
}

struct Autoregressive: ModelWithExample {
  static let name = "target-autoregressive-ten"
  static let summary = "target: ten normals in a row, neighbours with correlation 0.9"
  static var example: Autoregressive { Autoregressive() }

  func body(_ p: Program) throws -> (x: Tensor, y: Tensor) {
    let x = p.sample("x", Flat().repeated(10))
    let ahead = x[1..<10] - 0.9 * x[0..<9]
    p.factor("density", -0.5 * square(x[0]) - 0.5 / (1 - 0.81) * square(ahead).sum())
    return (x, x.sum())
  }
}

struct ManyScales: ModelWithExample {
  static let name = "target-many-scales"
  static let summary = "target: independent normals with scales from 0.001 to 1000"
  static var example: ManyScales { ManyScales() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Normal(1, sd: Tensor((-3...3).map { pow(10, Double($0)) })))
  }
}

struct FiftyNormals: ModelWithExample {
  static let name = "target-fifty-normals"
  static let summary = "target: fifty independent normals"
  static var example: FiftyNormals { FiftyNormals() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Normal(Tensor.range(50), sd: 1))
  }
}

struct Funnel: ModelWithExample {
  static let name = "target-funnel"
  static let summary = "target: Neal's funnel of ten dimensions"
  static var example: Funnel { Funnel() }

  func body(_ p: Program) throws -> (v: Tensor, x: Tensor) {
    let v = p.sample("v", Normal(0, sd: 3))
    let x = p.sample("x", Normal(0, sd: exp(v / 2)).repeated(9))
    return (v, x)
  }
}

struct Banana: ModelWithExample {
  static let name = "target-banana"
  static let summary = "target: a normal and a parabola around it"
  static var example: Banana { Banana() }

  func body(_ p: Program) throws -> (a: Tensor, b: Tensor) {
    let a = p.sample("a", Normal(0, sd: 1))
    let b = p.sample("b", Normal(0.5 * (square(a) - 1), sd: 0.5))
    return (a, b)
  }
}

struct FarModes: ModelWithExample {
  static let name = "target-far-modes"
  static let summary = "target: two modes ten sd apart"
  static var example: FarModes { FarModes() }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat())
    p.factor("density", logAddExp(-0.5 * square(x - 5), -0.5 * square(x + 5)))
    return x
  }
}

struct UnevenModes: ModelWithExample {
  static let name = "target-uneven-modes"
  static let summary = "target: a mode of weight 0.8 and one of weight 0.2, six sd apart"
  static var example: UnevenModes { UnevenModes() }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat())
    p.factor("density", logAddExp(-0.5 * square(x) + log(Tensor(0.8)), -0.5 * square(x - 6) + log(Tensor(0.2))))
    return x
  }
}

struct NearModes: ModelWithExample {
  static let name = "target-near-modes"
  static let summary = "target: two modes three sd apart"
  static var example: NearModes { NearModes() }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat())
    p.factor("density", logAddExp(-0.5 * square(x - 1.5), -0.5 * square(x + 1.5)))
    return x
  }
}

struct Ring: ModelWithExample {
  static let name = "target-ring"
  static let summary = "target: a ring of radius 3 and width 0.2"
  static var example: Ring { Ring() }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat().repeated(2))
    p.factor("density", -12.5 * square(sqrt(square(x).sum()) - 3))
    return x
  }
}

struct StudentFive: ModelWithExample {
  static let name = "target-student-five"
  static let summary = "target: three Student's t with 5 degrees of freedom"
  static var example: StudentFive { StudentFive() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", StudentT(df: 5, 0, scale: 1).repeated(3))
  }
}

struct StudentThree: ModelWithExample {
  static let name = "target-student-three"
  static let summary = "target: five Student's t with 3 degrees of freedom"
  static var example: StudentThree { StudentThree() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", StudentT(df: 3, 0, scale: 1).repeated(5))
  }
}

struct CauchyPair: ModelWithExample {
  static let name = "target-cauchy-pair"
  static let summary = "target: two Cauchy variables, without moments"
  static var example: CauchyPair { CauchyPair() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Cauchy(0, scale: 1).repeated(2))
  }
}

struct LaplaceFour: ModelWithExample {
  static let name = "target-laplace-four"
  static let summary = "target: four double exponentials, with kinks"
  static var example: LaplaceFour { LaplaceFour() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Laplace(0, scale: 1).repeated(4))
  }
}

struct LogNormalPair: ModelWithExample {
  static let name = "target-log-normal-pair"
  static let summary = "target: two log-normals, exactly normal in unconstrained space"
  static var example: LogNormalPair { LogNormalPair() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", LogNormal(0, sd: 0.5).repeated(2))
  }
}

struct SmallGamma: ModelWithExample {
  static let name = "target-small-gamma"
  static let summary = "target: two Gamma variables of shape one half, skewed on the log scale"
  static var example: SmallGamma { SmallGamma() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Gamma(shape: 0.5, rate: 1).repeated(2))
  }
}

struct InverseGammaPair: ModelWithExample {
  static let name = "target-inverse-gamma-pair"
  static let summary = "target: two inverse Gamma variables of shape 5"
  static var example: InverseGammaPair { InverseGammaPair() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", InverseGamma(shape: 5, scale: 4).repeated(2))
  }
}

struct ArcsineBeta: ModelWithExample {
  static let name = "target-arcsine-beta"
  static let summary = "target: Beta(1/2, 1/2), with its mass at both edges"
  static var example: ArcsineBeta { ArcsineBeta() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Beta(0.5, 0.5))
  }
}

struct UniformSquare: ModelWithExample {
  static let name = "target-uniform-square"
  static let summary = "target: two uniform variables"
  static var example: UniformSquare { UniformSquare() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Uniform(0, 1).repeated(2))
  }
}

struct ExponentialThree: ModelWithExample {
  static let name = "target-exponential-three"
  static let summary = "target: three exponential variables"
  static var example: ExponentialThree { ExponentialThree() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Exponential(rate: 1).repeated(3))
  }
}

struct HalfNormalOne: ModelWithExample {
  static let name = "target-half-normal-one"
  static let summary = "target: a half-normal variable, with its mode at the edge"
  static var example: HalfNormalOne { HalfNormalOne() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", HalfNormal(sd: 1))
  }
}

struct HalfCauchyOne: ModelWithExample {
  static let name = "target-half-cauchy-one"
  static let summary = "target: a half-Cauchy variable, without moments"
  static var example: HalfCauchyOne { HalfCauchyOne() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", HalfCauchy(scale: 1))
  }
}

struct SparseSimplex: ModelWithExample {
  static let name = "target-sparse-simplex"
  static let summary = "target: a Dirichlet of three with concentrations 0.7, at the edges of the simplex"
  static var example: SparseSimplex { SparseSimplex() }

  func body(_ p: Program) throws -> Tensor {
    p.sample("x", Dirichlet(Tensor([0.7, 0.7, 0.7])))
  }
}
