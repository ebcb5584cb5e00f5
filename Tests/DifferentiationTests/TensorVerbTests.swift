import Differentiation
import Foundation
import Testing

private func close(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-12) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { Swift.abs($0 - $1) <= tolerance * max(1, Swift.abs($1)) }
}

@Suite struct TensorVerbTests {
  private func f(_ x: Tensor) -> Tensor { (sin(x) * square(x)).sum() + x[0] * x[1] }
  private let x: Tensor = [0.7, -1.3, 2]

  @Test func gradientOfASum() throws {
    let expected = [0.7, -1.3, 2].enumerated().map { i, x in cos(x) * x * x + 2 * x * sin(x) + [-1.3, 0.7, 0][i] }
    #expect(try close(gradient(of: f)(x).values(), expected))
    let both = valueAndGradient(of: f)(x)
    #expect(try close(both.gradient.values(), expected))
    #expect(try close([both.value.item()], [f(x).item()]))
  }

  @Test func constantsAreVariablesUnderAVerb() throws {
    #expect(try gradient { $0 * $0 * $0 }(2).item() == 12)
    #expect(try gradient(of: gradient { $0 * $0 * $0 })(2).item() == 12)
    #expect(try gradient(of: gradient(of: gradient { $0 * $0 * $0 }))(2).item() == 6)
  }

  @Test func anInnerDerivativeDoesNotConfuseTheOuter() throws {
    // d/dx [ x · d/dy (x·y²) ] at y = x: x·2xy = 2x²y; with y held at 3: 4xy.
    let outer = gradient { x in x * gradient { y in x * square(y) }(3) }
    #expect(try outer(2).item() == 24)
  }

  @Test func forwardAndReverseAgree() throws {
    let map: (Tensor) -> Tensor = { x in stack([x[0] * x[1], exp(x[2]), x.sum(), dot(x, x)]) }
    let forward = jacobian(of: map)(x)
    #expect(forward.shape == [4, 3])
    let e = exp(2.0)
    #expect(try close(forward.values(), [-1.3, 0.7, 0, 0, 0, e, 1, 1, 1, 1.4, -2.6, 4]))
    let wide = jacobian { stack([$0[0] * $0[1], $0[2]]) }(x)
    #expect(try close(wide.values(), [-1.3, 0.7, 0, 0, 0, 1]))
    let t: Tensor = [1, 2, 3]
    let c: Tensor = [0.5, -1, 2, 1]
    let pushed = try dot(jvp(of: map)(x, t).tangent, c).item()
    let pulled = try dot(vjp(of: map)(x, c).cotangent, t).item()
    #expect(close([pushed], [pulled]))
  }

  @Test func hessianIsSymmetricAndMatchesItsProducts() throws {
    let h = hessian(of: f)(x)
    #expect(h.shape == [3, 3])
    let v: Tensor = [1, -2, 0.5]
    #expect(try close(matmul(h, v).values(), hessianVectorProduct(of: f)(x, v).values()))
    #expect(try close(h.values(), h.transposed.values()))
  }

  @Test func aFunctionMustBeScalarForAGradient() {
    let g = gradient { $0 * 2 }(x)
    #expect(
      Evaluation.mistakes(in: [g.node]) == ["gradient(of:) takes a function with a scalar value, and this returned shape [3]"])
  }

  @Test func stopGradientHoldsAValue() throws {
    #expect(try gradient { $0 * stopGradient($0) }(3).item() == 3)
  }
}

@Suite struct TensorScanTests {
  @Test func aScanIsALoop() throws {
    let (last, all) = scan(over: Tensor([1, 2, 3, 4]), from: 10) { carry, x in (0.5 * carry + x, carry * x) }
    var carry = 10.0
    var expected: [Double] = []
    for x in [1.0, 2, 3, 4] {
      expected.append(carry * x)
      carry = 0.5 * carry + x
    }
    #expect(try last.item() == carry)
    #expect(try all.values() == expected)
  }

  @Test func aScalarCarryStretches() throws {
    let (last, _) = scan(over: Tensor([[1, 2], [3, 4.0]]), from: 0) { carry, row in (carry + row, carry) }
    #expect(try last.values() == [4, 6])
  }

  @Test func derivativesGoThroughALoop() throws {
    let loop: (Tensor) -> Tensor = { a in
      let (last, all) = scan(over: Tensor([1, 2, 3]), from: 1) { carry, x in (sin(a * carry) + x, square(carry)) }
      return last + all.sum()
    }
    let h = 1e-5
    let numeric = try (loop(Tensor(0.8 + h)).item() - loop(Tensor(0.8 - h)).item()) / (2 * h)
    #expect(try close([gradient(of: loop)(0.8).item()], [numeric], 1e-8))
    let second = try (gradient(of: loop)(Tensor(0.8 + h)).item() - gradient(of: loop)(Tensor(0.8 - h)).item()) / (2 * h)
    #expect(try close([gradient(of: gradient(of: loop))(0.8).item()], [second], 1e-8))
  }

  @Test func mistakesInsideALoopAreFound() {
    let (last, _) = scan(over: Tensor([1, 2]), from: Tensor([0, 0, 0])) { carry, x in (carry + Tensor([1, 2]), x) }
    #expect(
      Evaluation.mistakes(in: [last.node]).first == "+ cannot combine shapes [3] and [2]: axes, compared from the last, must be equal or 1")
  }
}
