import Modeling

/// A model after a surgery keeps its guide; where that is a program, its sites are compared with those that are left.
extension OperatedModel: ModelWithGuide where Base: ModelWithGuide {
  package static var guide: Guide<OperatedModel<Base>> { Base.guide.pulledBack { $0.base } }
}
