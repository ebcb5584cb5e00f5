import Credence

/// Topics in documents (Blei, Ng and Jordan 2003): each document mixes topics, each topic is a distribution over words.
///
/// The topic of each single word is summed out by hand: a word of a document with mixture θ is drawn from Σₖ θₖ φₖ, so that a document is
/// a sample from one mixture of multinomials, and nothing discrete is left. Every topic is named by an anchor, a word that is known to belong
/// to it, without which topics could be exchanged. The example has three topics with four words each and a little of all others.
///
/// What to see: `credence infer topic-model --method vi --refine nuts` finds φ with about 0.24 on each of a topic's own words (0.28 ± 0.03 on the
/// anchors) and 0.005 on all others, with the verdict `ok`. NUTS alone gets stuck where topics are exchanged in spite of their anchors, and the
/// mean-field guide alone leaves out the dependence of topics and documents: both say `fail`. `credence predict topic-model --posterior draws.json`
/// then draws the words of the documents anew.
struct TopicModel: Model {
  /// [documents, words in each], the numbers of the words, counted from 0.
  let words: IntTensor
  /// The size of the vocabulary.
  let vocabulary: Int
  /// A word for each topic.
  let anchors: [Int]

  static let summary = "topics in documents: Dirichlet mixtures of multinomials, topics of single words summed out"

  func body(_ p: Program) throws -> (topics: Tensor, shares: Tensor) {
    let topics = p.each("topics", anchors.count) { k in
      // The anchor has the weight of ten words in the prior.
      let concentration = Tensor((0..<vocabulary).map { $0 == anchors[k] ? 5 : 0.5 })
      return p.sample("words", Dirichlet(concentration))
    }
    let phi = stack(topics)
    let shares = p.plate("documents", words.shape[0]) { d in
      let theta = p.sample("shares", Dirichlet(count: anchors.count, concentration: 0.5))
      p.observe("word", Categorical(probabilities: matmul(theta, phi)), words.tensor[d])
      return theta
    }
    return (phi, shares)
  }
}
