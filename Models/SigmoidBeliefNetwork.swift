import Credence

/// A sigmoid belief network of two layers of bits (Neal 1992), as in the papers on gradient estimators (Mnih & Gregor 2014; Tucker et al.
/// 2017): 20 deep bits give 40 shallow ones their log-odds, those give the pixels theirs. The guide runs the other way.
///
/// `credence estimators sigmoid-belief-network --curves curves.svg --minibatch images=50 --steps 3000` trains it with six estimators.
struct SigmoidBeliefNetwork: ModelWithExample, ModelWithGuide, ModelWithTestData {
  /// [pictures, pixels], 0 or 1.
  let images: Tensor

  static let summary = "sigmoid belief network of two layers of bits; try credence estimators sigmoid-belief-network --curves curves.svg"
  static let (deep, shallow) = (20, 40)

  static var example: SigmoidBeliefNetwork { SigmoidBeliefNetwork(images: SyntheticDigits.images(count: 400, side: 14, seed: 1)) }
  static var testData: SigmoidBeliefNetwork { SigmoidBeliefNetwork(images: SyntheticDigits.images(count: 200, side: 14, seed: 2)) }

  func body(_ p: Program) throws {
    let pixels = images.shape.last ?? 0
    let prior = p.parameter("prior", Tensor.zeros([Self.deep]))
    let middle = Dense(p, "middle", inputs: Self.deep, outputs: Self.shallow, seed: 1)
    let visible = Dense(p, "visible", inputs: Self.shallow, outputs: pixels, seed: 1)
    p.plate("images", images.shape[0]) { i in
      let deep = p.sample("deep", Bernoulli(logits: prior))
      let shallow = p.sample("shallow", Bernoulli(logits: middle(2 * deep - 1)))
      p.observe("image", Bernoulli(logits: visible(2 * shallow - 1)), images[i])
    }
  }

  static let guide = Guide<SigmoidBeliefNetwork> { q, data in
    let pixels = data.images.shape.last ?? 0
    let first = Dense(q, "first", inputs: pixels, outputs: shallow, seed: 2)
    let second = Dense(q, "second", inputs: shallow, outputs: deep, seed: 2)
    q.plate("images", data.images.shape[0]) { i in
      let bits = q.sample("shallow", Bernoulli(logits: first(2 * data.images[i] - 1)), gradient: .disarm)
      q.sample("deep", Bernoulli(logits: second(2 * bits - 1)), gradient: .disarm)
    }
  }
}
