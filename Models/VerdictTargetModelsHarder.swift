import Credence
import Foundation

// Further models of ``VerdictTargets``: harder ones of the same kinds, and kinds of their own.

struct StudentOneTwo: ModelWithExample {
  static let name = "target-student-one-two"
  static let summary = "target: Student's t with one and with two degrees of freedom"
  static var example: StudentOneTwo { StudentOneTwo() }

  func body(_ p: Program) throws -> (one: Tensor, two: Tensor) {
    (p.sample("one", StudentT(df: 1, 2, scale: 3)), p.sample("two", StudentT(df: 2, 0, scale: 1).repeated(2)))
  }
}

struct PlaneModes: ModelWithExample {
  static let name = "target-plane-modes"
  static let summary = "target: two modes in the plane, of weights 0.7 and 0.3 and unequal widths"
  static var example: PlaneModes { PlaneModes() }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat().repeated(2))
    let a = -0.5 * (square(x[0] + 3) + square(x[1])) + log(Tensor(0.7))
    let b = -2 * (square(x[0] - 3) + square(x[1] - 2)) + log(Tensor(4 * 0.3))
    p.factor("density", logAddExp(a, b))
    return x
  }
}

struct SwappedLabels: ModelWithExample {
  static let name = "target-swapped-labels"
  static let summary = "target: two means and two scales that exchange their names"
  static var example: SwappedLabels { SwappedLabels() }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat().repeated(3))
    func at(_ first: Double, _ second: Double) -> Tensor {
      -8 * square(x[0] - first) - 8 * square(x[1] - second) - 2 * square(x[2])
    }
    p.factor("density", logAddExp(at(-1, 1.5), at(1.5, -1)))
    return x
  }
}

struct BentBanana: ModelWithExample {
  static let name = "target-bent-banana"
  static let summary = "target: a normal of sd 2 and a narrow parabola around it"
  static var example: BentBanana { BentBanana() }

  func body(_ p: Program) throws -> (a: Tensor, b: Tensor) {
    let a = p.sample("a", Normal(0, sd: 2))
    return (a, p.sample("b", Normal(0.3 * square(a), sd: 0.3)))
  }
}

struct MildBanana: ModelWithExample {
  static let name = "target-mild-banana"
  static let summary = "target: a weakly bent normal of two dimensions"
  static var example: MildBanana { MildBanana() }

  func body(_ p: Program) throws -> (a: Tensor, b: Tensor) {
    let a = p.sample("a", Normal(0, sd: 1))
    return (a, p.sample("b", Normal(0.1 * (square(a) - 1), sd: 1)))
  }
}

struct SmallFunnel: ModelWithExample {
  static let name = "target-small-funnel"
  static let summary = "target: a funnel of two dimensions, its neck of sd 1"
  static var example: SmallFunnel { SmallFunnel() }

  func body(_ p: Program) throws -> (v: Tensor, x: Tensor) {
    let v = p.sample("v", Normal(0, sd: 1))
    return (v, p.sample("x", Normal(0, sd: exp(v / 2))))
  }
}

struct WideFunnel: ModelWithExample {
  static let name = "target-wide-funnel"
  static let summary = "target: a funnel with 25 dimensions in its mouth, its neck of sd 1.5"
  static var example: WideFunnel { WideFunnel() }

  func body(_ p: Program) throws -> (v: Tensor, x: Tensor) {
    let v = p.sample("v", Normal(0, sd: 1.5))
    return (v, p.sample("x", Normal(0, sd: exp(v / 2)).repeated(25)))
  }
}

struct HundredNormals: ModelWithExample {
  static let name = "target-hundred-normals"
  static let summary = "target: a hundred normals in a row, neighbours with correlation 0.98, scales from 0.1 to 10"
  static var example: HundredNormals { HundredNormals() }

  static let scales: [Double] = (0..<100).map { Foundation.pow(10, Double($0) / 49.5 - 1) }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat().repeated(100))
    let z = x / Tensor(Self.scales)
    let ahead = z[1..<100] - 0.98 * z[0..<99]
    p.factor("density", -0.5 * square(z[0]) - 0.5 / (1 - 0.98 * 0.98) * square(ahead).sum())
    return x
  }
}

struct SkewedLogs: ModelWithExample {
  static let name = "target-skewed-logs"
  static let summary = "target: logarithms of Gamma variables of shapes 0.3, 1 and 4"
  static var example: SkewedLogs { SkewedLogs() }

  static let shapes: [Double] = [0.3, 1, 4]

  func body(_ p: Program) throws -> Tensor {
    let y = p.sample("y", Flat().repeated(3))
    p.factor("density", (Tensor(Self.shapes) * y - exp(y)).sum())
    return y
  }
}

struct ThreeModes: ModelWithExample {
  static let name = "target-three-modes"
  static let summary = "target: three narrow modes at unequal distances"
  static var example: ThreeModes { ThreeModes() }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat())
    let side = logAddExp(-8 * square(x + 2) + log(Tensor(0.2)), -8 * square(x - 5) + log(Tensor(0.3)))
    p.factor("density", logAddExp(-8 * square(x) + log(Tensor(0.5)), side))
    return x
  }
}

struct WideOverNarrow: ModelWithExample {
  static let name = "target-wide-over-narrow"
  static let summary = "target: two normals with the same mean and sds 1 and 6"
  static var example: WideOverNarrow { WideOverNarrow() }

  func body(_ p: Program) throws -> Tensor {
    let x = p.sample("x", Flat().repeated(2))
    let r = square(x).sum()
    p.factor("density", logAddExp(-0.5 * r + log(Tensor(0.6)), -r / 72 + log(Tensor(0.4 / 36))))
    return x
  }
}

struct CenteredGroups: ModelWithExample {
  static let name = "target-centered-groups"
  static let summary = "target: a hierarchy of twelve groups without data, its scale log-normal"
  static var example: CenteredGroups { CenteredGroups() }

  func body(_ p: Program) throws -> (m: Tensor, s: Tensor, g: Tensor) {
    let m = p.sample("m", Normal(0, sd: 1))
    let s = p.sample("s", LogNormal(0, sd: 0.5))
    return (m, s, p.sample("g", Normal(m, sd: s).repeated(12)))
  }
}
