import Differentiation
import Foundation
import Testing

/// Sentences of the mistakes that a tensor carries.
private func mistakes(_ x: Tensor) -> [String] { Evaluation.mistakes(in: [x.node]) }

private func close(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-13) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || Swift.abs($0 - $1) <= tolerance * max(1, Swift.abs($1)) }
}

@Suite struct TensorTests {
  private let matrix: Tensor = [[1, 2, 3], [4, 5, 6]]

  @Test func literalsAndInitialisersGiveShapes() throws {
    #expect(matrix.shape == [2, 3])
    #expect(Tensor(2.5).shape == [])
    #expect(Tensor([1, 2]).shape == [2])
    #expect(Tensor([[1.0], [2]]).shape == [2, 1])
    #expect(try Tensor([1, 2, 3, 4], shape: [2, 2])[1, 0].item() == 3)
    #expect(try Tensor.identity(2).values() == [1, 0, 0, 1])
    #expect(try Tensor.range(3).values() == [0, 1, 2])
  }

  @Test func arithmeticMixesNumbersAndTensors() throws {
    let x: Tensor = [1, 2, 4]
    let n = 3
    let s = 0.5
    let k = IntTensor([1, 0, 2])
    #expect(try (2 * x + n * x - s * x / 2 + k).values() == [5.75, 9.5, 21])
    #expect(try (1 - x).values() == [0, -1, -3])
    #expect(try (8 / x).values() == [8, 4, 2])
    var y = x
    y += 1
    y *= x
    #expect(try y.values() == [2, 6, 20])
    #expect(try (x .> 1).values() == [0, 1, 1])
    #expect(try (2 .>= x).values() == [1, 1, 0])
    #expect(try (x .== k).values() == [1, 0, 0])
  }

  @Test func axesAreComparedFromTheLast() throws {
    #expect(try (matrix + Tensor([10, 20, 30])).values() == [11, 22, 33, 14, 25, 36])
    #expect(try (matrix * Tensor([[10.0], [100]])).values() == [10, 20, 30, 400, 500, 600])
    #expect(
      mistakes(matrix + Tensor([1, 2])) == [
        "+ cannot combine shapes [2, 3] and [2]: axes, compared from the last, must be equal or 1"
      ])
  }

  @Test func reductionsAlongAxes() throws {
    #expect(try matrix.sum().item() == 21)
    #expect(try matrix.sum(axis: 0).values() == [5, 7, 9])
    #expect(try matrix.sum(axis: -1).values() == [6, 15])
    #expect(try matrix.mean(axis: 1).values() == [2, 5])
    #expect(try matrix.max(axis: 0).values() == [4, 5, 6])
    #expect(try matrix.min().item() == 1)
    #expect(try close([matrix.variance(.population).item(), matrix.variance(.sample).item()], [35.0 / 12, 3.5]))
    #expect(try matrix.cumulativeSum(axis: 1).values() == [1, 3, 6, 4, 9, 15])
    #expect(mistakes(matrix.sum(axis: 2)) == ["sum(axis:) has no axis 2 in shape [2, 3]"])
    #expect(mistakes(Tensor.zeros([0]).max()) == ["max() of no elements (shape [0]) has no value"])
  }

  @Test func logSumExpIsSafeAtInfinities() throws {
    let x = Tensor([[1000.0, 1000], [-.infinity, 2], [-.infinity, -.infinity]])
    #expect(try close(x.logSumExp(axis: 1).values(), [1000 + log(2.0), 2, -.infinity]))
    #expect(try close(x[0].softmax(axis: 0).values(), [0.5, 0.5]))
    #expect(try close(logAddExp(x[1, 0], 3).values(), [3]))
    #expect(try logAddExp(-Double.infinity, -Double.infinity).item() == -.infinity)
    let slope = gradient { $0.logSumExp() }(Tensor([1.0, 2, 3]))
    #expect(try close(slope.values(), Tensor([1.0, 2, 3]).softmax(axis: 0).values()))
    #expect(try close(gradient { logAddExp($0[0], $0[1]) }([2, 2]).values(), [0.5, 0.5]))
    #expect(try close(gradient { logAddExp($0[0], $0[1]) }([1, 3]).values(), [1 / (1 + exp(2.0)), 1 / (1 + exp(-2.0))]))
  }

  @Test func indexingSelectsParts() throws {
    #expect(try matrix[1].values() == [4, 5, 6])
    #expect(try matrix[0, 2].item() == 3)
    #expect(matrix[0..<1].shape == [1, 3])
    #expect(try matrix.slice(1..<3, axis: 1).values() == [2, 3, 5, 6])
    #expect(try matrix[IntTensor([1, 1, 0])].values() == [4, 5, 6, 4, 5, 6, 1, 2, 3])
    #expect(try Tensor([10, 20, 30])[IntTensor([[2, 0], [1, 1]])].values() == [30, 10, 20, 20])
    #expect(try oneHot(IntTensor([2, 0]), 3).values() == [0, 0, 1, 1, 0, 0])
    #expect(mistakes(matrix[2]) == ["index 2 is outside the first axis of shape [2, 3]"])
    #expect(mistakes(matrix[-1]) == ["index -1 is outside the first axis of shape [2, 3]"])
    #expect(mistakes(matrix[1..<4]) == ["range 1..<4 leaves axis 0 of shape [2, 3]"])
    #expect(
      mistakes(matrix[IntTensor([0, 5])]) == ["index 5 (element 1 of the indices) is outside 0..<2, the first axis of shape [2, 3]"])
  }

  @Test func rangesMayBeOpenAndClosed() throws {
    let vector: Tensor = [1, 2, 3, 4]
    #expect(try vector[1...].values() == [2, 3, 4])
    #expect(try vector[4...].values() == [])
    #expect(try vector[1...2].values() == [2, 3])
    #expect(try vector[..<3].values() == [1, 2, 3])
    #expect(try vector[...1].values() == [1, 2])
    let matrix = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(try matrix.slice(..<2, axis: 1).values() == [1, 2, 4, 5])
    #expect(try matrix.slice(1..., axis: -1).values() == [2, 3, 5, 6])
    #expect(try IntTensor([7, 8, 9])[1...].values() == [8, 9])
    #expect(mistakes(vector[5...]) == ["range 5..<5 leaves axis 0 of shape [4]"])
    #expect(mistakes(vector[..<(-2)]) == ["range -2..<-2 leaves axis 0 of shape [4]"])
    #expect(mistakes(vector[2...4]) == ["range 2..<5 leaves axis 0 of shape [4]"])
    #expect(mistakes(vector[0...Int.max]) == ["range 0..<9223372036854775807 leaves axis 0 of shape [4]"])
    #expect(mistakes(vector[...Int.min]).count == 1)
  }

  @Test func whatIsNoWholeNumberIsRefusedWhenItIsRead() throws {
    #expect(try IntTensor(rounding: Tensor([1.6, -0.4])).values() == [2, 0])
    for value in [Double.nan, .infinity, -.infinity, 1e300] {
      let sentence = TensorError("a whole number is read, and the value is \(value)")
      #expect(throws: sentence) { try IntTensor(rounding: Tensor(value)).item() }
      #expect(throws: sentence) { try IntTensor(rounding: Tensor([0, value])).values() }
    }
  }

  @Test func normalizationIsAlongTheLastAxisUnlessSaid() throws {
    let matrix = Tensor([1, 2, 3, 4], shape: [2, 2])
    #expect(try matrix.cumulativeSum().values() == [1, 3, 3, 7])
    #expect(try matrix.softmax().values() == matrix.softmax(axis: 1).values())
    #expect(try matrix.logSoftmax().values() == matrix.logSoftmax(axis: 1).values())
  }

  @Test func partsJoinAndStack() throws {
    #expect(try concatenate([matrix, matrix], axis: 1).values() == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    #expect(try stack([Tensor([1, 2]), Tensor([3, 4])], axis: 1).values() == [1, 3, 2, 4])
    #expect(try matrix.transposed.values() == [1, 4, 2, 5, 3, 6])
    #expect(try matrix.reshaped(to: [3, 2])[1].values() == [3, 4])
    #expect(mistakes(matrix.reshaped(to: [4])) == ["reshaped(to: [4]) cannot hold the 6 elements of shape [2, 3]"])
    #expect(mistakes(concatenate([matrix, Tensor([1])])) == ["concatenate(axis: 0) cannot join shapes [2, 3] and [1]"])
  }

  @Test func productsAndSolves() throws {
    let a: Tensor = [[4, 2], [2, 3]]
    let b: Tensor = [1, 2]
    #expect(try matmul(matrix, Tensor([1, 0, -1])).values() == [-2, -2])
    #expect(try matmul(b, matrix).values() == [9, 12, 15])
    #expect(try matmul(a, matrix).values() == [12, 18, 24, 14, 19, 24])
    #expect(try dot(b, b).item() == 5)
    #expect(try outer(b, Tensor([3, 4])).values() == [3, 4, 6, 8])
    #expect(try close(cholesky(a).values(), [2, 0, 1, 2.0.squareRoot()]))
    #expect(try close(matmul(a, solve(a, b)).values(), [1, 2]))
    #expect(try close(logDeterminant(a).values(), [log(8.0)]))
    #expect(try close(matmul(inverse(a), a).values(), [1, 0, 0, 1]))
    let l = cholesky(a)
    #expect(try close(matmul(l, triangularSolve(l, b)).values(), [1, 2]))
    #expect(try close(matmul(l.transposed, triangularSolve(l, b, .lowerTransposed)).values(), [1, 2]))
    #expect(try diagonal(a).values() == [4, 3])
    #expect(try diagonalMatrix(b).values() == [1, 0, 0, 2])
    #expect(mistakes(matmul(matrix, matrix)) == ["matmul cannot multiply shapes [2, 3] and [2, 3]"])
    #expect(mistakes(cholesky(matrix)) == ["cholesky takes a square matrix, and this has shape [2, 3]"])
  }

  @Test func aMistakeIsReportedWithThoseItCameFrom() {
    let first = matrix + Tensor([1, 2])
    #expect(
      mistakes((first * 2)[7]) == [
        "+ cannot combine shapes [2, 3] and [2]: axes, compared from the last, must be equal or 1",
        "index 7 is outside the first axis of shape [2, 3]",
      ])
    #expect(throws: TensorError("item() takes a tensor of one element, and this has shape [2, 3]")) { try first.item() }
  }

  /// Zero has no exponent: it must not be taken for a divisor that can be inverted beforehand.
  @Test func dividingByAKnownZero() throws {
    #expect(try (Tensor([1, -1]) / 0).values() == [.infinity, -.infinity])
    #expect(try (Tensor([3, 5]) / Tensor([0, 0])).values() == [.infinity, .infinity])
  }

  /// A single gathered number stands in a whole vector, of which sums and products with longer arrays read every place.
  @Test func oneGatheredNumberIsRepeated() throws {
    let x = Node.input("x", shape: [4])
    let total = (0..<4).map { k in exp(Tensor(x)[IntTensor(k)]) * Double(k + 1) }.reduce(Tensor(0)) { $0 + $1 }
    let product = total * Tensor(x)
    for lanes in [1, 2, 4, 8] {
      let executor = try Executor(Plan(outputs: [product.node], inputs: [x], lanes: lanes))
      let values = [0.2, -0.7, 0.9, 0].flatMap { [Double](repeating: $0, count: lanes) }
      executor.setInput(0, values)
      executor.run()
      let sum = exp(0.2) + 2 * exp(-0.7) + 3 * exp(0.9) + 4
      let expected = values.map { $0 * sum }
      #expect(zip(executor.output(0), expected).allSatisfy { abs($0 - $1) < 1e-14 * (1 + abs($1)) })
    }
  }
}
