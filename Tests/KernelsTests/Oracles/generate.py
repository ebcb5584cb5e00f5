"""Reference values for the kernels' elementary and special functions, made with mpmath in 50 digits (400 where a point needs it).

    python3 generate.py

writes the Swift files beside it. A table is one string; a record is the hexadecimal bit patterns of the arguments and of the correctly
rounded value, without separators.
"""
from mpmath import mp, mpf
import mpmath as m, struct, random, sys, math
mp.dps=50
SQ2=m.sqrt(2)
def F(x): return mpf(x)
def guard(f):
    def g(*a):
        return f(*[mpf(v) for v in a])
    return g
def lncdf(x):
    if x<-30:
        mp.dps=60
        t=-x; s=mpf(0); term=mpf(1)
        if t>1e6:
            s=1-1/t**2+3/t**4
            return -t*t/2-m.log(t)-m.log(2*m.pi)/2+m.log(s)
        return m.log(m.erfc(t/SQ2)/2)
    if x>8: return m.log1p(-m.erfc(x/SQ2)/2)
    return m.log(m.erfc(-x/SQ2)/2)
def lgam(x): return m.re(m.loggamma(x)) if x>0 else m.log(abs(m.gamma(x)))
def logistic(x): return 1/(1+m.exp(-x))
def softplus(x): return m.log1p(m.exp(x)) if x<0 else x+m.log1p(m.exp(-x))
def hp(f):
    def g(x):
        with m.workdps(400): return f(x)
    return g
def erfcx(x):
    return m.exp(x*x)*m.erfc(x) if x<1e4 else (1-1/(2*x*x))/(x*m.sqrt(m.pi))
def lbeta(a,b): return m.loggamma(a)+m.loggamma(b)-m.loggamma(a+b)
def wide(e0,e1): return lambda r: math.ldexp(1+r.random(), r.randint(e0,e1))
def uni(a,b): return lambda r: r.uniform(a,b)
def near(c,e0,e1): return lambda r: c+r.choice((-1,1))*math.ldexp(1+r.random(), r.randint(e0,e1))
def sgn(g): return lambda r: r.choice((-1,1))*g(r)
E=[0.0,-0.0]
FN={
 'exp':(m.exp,[uni(-1,1),uni(-708,709.7),uni(-745,-708),sgn(wide(-60,0))],E),
 'expm1':(hp(m.expm1),[uni(-1.2,1.2),uni(-40,709.7),sgn(wide(-300,0))],E),
 'log':(m.log,[uni(0.5,2),near(1.0,-40,-3),wide(-1074,1022)],[1.0]),
 'log1p':(hp(m.log1p),[uni(-0.9999,1.5),sgn(wide(-300,-1)),wide(0,1022),near(-0.9999999,-50,-24)],E),
 'tanh':(hp(m.tanh),[uni(-1,1),uni(-20,20),sgn(wide(-300,-1))],E),
 'logistic':(logistic,[uni(-2,2),uni(-40,40),uni(-745,-600)],E),
 'softplus':(softplus,[uni(-2,2),uni(-40,40),uni(-745,100),wide(-100,1000)],E),
 'sin':(hp(m.sin),[uni(-1,1),uni(-100,100),uni(-1e6,1e6),sgn(wide(-300,-1)),sgn(wide(20,1020)),lambda r: float(r.randint(1,600000)*m.pi)],E),
 'cos':(hp(m.cos),[uni(-1,1),uni(-100,100),uni(-1e6,1e6),sgn(wide(20,1020)),lambda r: float((r.randint(1,600000)+mpf(.5))*m.pi)],E),
 'tan':(hp(m.tan),[uni(-1,1),uni(-100,100),uni(-1e6,1e6),sgn(wide(-300,-1)),sgn(wide(20,1020))],E),
 'atan':(m.atan,[uni(-3,3),sgn(wide(-300,100))],E),
 'asin':(m.asin,[uni(-1,1),sgn(wide(-300,-2)),lambda r:1-math.ldexp(1+r.random(),-r.randint(3,50))],[1.0,-1.0]),
 'acos':(m.acos,[uni(-1,1),sgn(wide(-30,-2)),lambda r:1-math.ldexp(1+r.random(),-r.randint(3,50))],[1.0,-1.0]),
 'sinh':(hp(m.sinh),[uni(-2,2),uni(-710.4,710.4),sgn(wide(-300,-1))],E),
 'cosh':(m.cosh,[uni(-2,2),uni(-710.4,710.4)],E),
 'asinh':(hp(m.asinh),[uni(-3,3),sgn(wide(-300,1000))],E),
 'acosh':(hp(m.acosh),[uni(1,3),wide(1,1000),lambda r:1+math.ldexp(1+r.random(),-r.randint(2,50))],[1.0]),
 'atanh':(hp(m.atanh),[uni(-1,1),sgn(wide(-300,-2)),lambda r:1-math.ldexp(1+r.random(),-r.randint(3,50))],E),
 'erf':(hp(m.erf),[uni(-1.2,1.2),uni(-6,6),sgn(wide(-300,-1))],E),
 'erfc':(m.erfc,[uni(-1,1),uni(-6,26.5),uni(20,27.2),sgn(wide(-60,-1))],E),
 'erfcx':(erfcx,[uni(-1,1),uni(-26,100),wide(-30,900)],E),
 'normalCDF':(lambda x:m.erfc(-x/SQ2)/2,[uni(-1,1),uni(-37.5,8),sgn(wide(-60,-1)),uni(-38.4,-37.5)],E),
 'logNormalCDF':(lncdf,[uni(-2,2),uni(-30,38),lambda r:-wide(3,500)(r),sgn(wide(-60,-1))],E),
 'logGamma':(lgam,[uni(0.01,4),uni(0.5,40),near(1.0,-40,-3),near(2.0,-40,-3),wide(-1000,0),wide(5,1000)],[1.0,2.0,3.0,0.5]),
 'digamma':(lambda x:m.psi(0,x),[uni(0.01,4),uni(0.5,40),near(1.4616321449683623,-40,-3),wide(-900,0),wide(5,200)],[1.0,2.0,3.0,0.5]),
 'trigamma':(lambda x:m.psi(1,x),[uni(0.01,4),uni(0.5,40),wide(-500,0),wide(5,200)],[1.0,2.0,3.0,0.5]),
}
FN2={
 'pow':(lambda x,y:m.power(x,y),[lambda r:(r.uniform(.01,10),r.uniform(-5,5)),lambda r:(wide(-300,300)(r),r.uniform(-3,3)),lambda r:(near(1.0,-20,-3)(r),r.uniform(-5000,5000)),lambda r:(-float(r.randint(1,9)),float(r.randint(-9,9))),lambda r:(r.uniform(1.5,2),r.uniform(900,1020))]),
 'logBeta':(lbeta,[lambda r:(wide(-6,4)(r),wide(-6,4)(r)),lambda r:(wide(-30,30)(r),wide(-30,30)(r)),lambda r:(wide(-3,3)(r),wide(0,60)(r))]),
}
def points(name,n,seed=1):
    r=random.Random(name+str(seed)); 
    if name in FN:
        f,gs,ed=FN[name]; xs=list(ed)+[gs[i%len(gs)](r) for i in range(n-len(ed))]
        xs=[x for x in xs if not (name=='log1p' and x<=-1)]; return [(x,float(m.re(f(mpf(x))))) for x in xs]
    f,gs=FN2[name]; xs=[gs[i%len(gs)](r) for i in range(n)]
    return [(x,y,float(m.re(f(mpf(x),mpf(y))))) for x,y in xs]


def gammaPoints():
    """(a, z, P, Q, dP/da, dz/da at fixed P) by five-point differences in 60 digits."""
    r=random.Random(5); out=[]
    for a in [0.01,0.1,0.5,1,2.5,7,14,16,40,100,1000,1e5]:
        for k in range(18):
            if a<20: z=float(r.gammavariate(a,1)) if k<13 else a*[.01,.1,1,2,4][k-13]+(0.5 if k>15 else 0)
            else: z=a+math.sqrt(a)*[-6,-5,-4,-3,-2,-1,-.5,-.1,0,.1,.5,1,2,3,4,5,6,8][k]
            if z<=1e-300: continue
            A,Z=mpf(a),mpf(z)
            with m.workdps(60):
                h=mpf(10)**-12*A
                f=lambda t: m.gammainc(t,0,Z,regularized=True)
                d=(8*(f(A+h)-f(A-h))-(f(A+2*h)-f(A-2*h)))/(12*h)
                pdf=m.exp((A-1)*m.log(Z)-Z-m.loggamma(A))
                out.append((a,z,float(f(A)),float(m.gammainc(A,Z,m.inf,regularized=True)),float(d),float(-d/pdf)))
    return out
def betaPoints():
    """(a, b, x, I, dx/da, dx/db at fixed I)."""
    r=random.Random(6); out=[]
    pairs=[(.01,.01),(.01,3),(.5,.5),(.5,1e3),(1,1),(2,5),(12,.01),(14,14),(20,3),(16,18),(200,.3),(300,500),(3,2e3)]
    for a,b in pairs:
        mu=a/(a+b); sd=math.sqrt(mu*(1-mu)/(a+b+1))
        for k in range(18):
            x=r.betavariate(a,b) if k<13 else min(.999,max(1e-5,mu+sd*[-3,-1,0,2,4][k-13]))
            if not 1e-250<x<1: continue
            A,B,X=mpf(a),mpf(b),mpf(x)
            with m.workdps(60):
                f=lambda p,q: m.betainc(p,q,0,X,regularized=True)
                h=mpf(10)**-12*A; da=(8*(f(A+h,B)-f(A-h,B))-(f(A+2*h,B)-f(A-2*h,B)))/(12*h)
                h=mpf(10)**-12*B; db=(8*(f(A,B+h)-f(A,B-h))-(f(A,B+2*h)-f(A,B-2*h)))/(12*h)
                pdf=m.exp((A-1)*m.log(X)+(B-1)*m.log(1-X)-m.log(m.beta(A,B)))
                out.append((a,b,x,float(f(A,B)),float(-da/pdf),float(-db/pdf)))
    return out
def quantilePoints():
    """(p, the z with Phi(z) = p)."""
    r=random.Random(7); out=[]
    ps=[5e-324,1e-308,1e-100,.25,.75,.5]+[r.random() for _ in range(80)]+[.5+(r.random()-.5)*10**-r.uniform(1,14) for _ in range(50)]+[10**-r.uniform(1,300) for _ in range(50)]+[1-10**-r.uniform(1,15) for _ in range(30)]
    for p in ps:
        with m.workdps(60):
            P=mpf(p); q=min(P,1-P)
            if P==mpf(.5): out.append((p,0.0)); continue
            L=m.log(q); z=-m.sqrt(-2*L) if q<0.1 else mpf(0)
            for _ in range(200):
                F=m.erfc(-z/SQ2)/2; d=m.exp(-z*z/2)/m.sqrt(2*m.pi)
                s=(m.log(F)-L)*F/d if q<0.1 else (F-q)/d
                z-=s
                if abs(s)<mpf(10)**-40: break
            out.append((p,float(z if P<mpf(.5) else -z)))
    return out
def polygammaPoints():
    r=random.Random(8)
    return [(float(n),x,float(m.psi(n,mpf(x)))) for n in (2,3,5,10) for x in [r.uniform(.01,5) for _ in range(30)]+[r.uniform(5,100) for _ in range(22)]]
def besselPoints():
    r=random.Random(9)
    return [(x,float(m.log(m.besseli(0,mpf(x)))),float(m.log(m.besseli(1,mpf(x))))) for x in [r.uniform(0.01,5) for _ in range(80)]+[r.uniform(5,60) for _ in range(80)]+[10**r.uniform(1,4) for _ in range(40)]]
def studentPoints():
    r=random.Random(10); out=[]
    for nu in (0.5,1,3,10,100):
        for k in range(40):
            t=r.choice((-1,1))*10**r.uniform(-3,1.5)
            T,N=mpf(t),mpf(nu); l=m.betainc(N/2,mpf(.5),0,N/(N+T*T),regularized=True)/2
            out.append((nu,t,float(l if t<0 else 1-l)))
    return out
def hexes(p): return "".join(struct.pack(">d",v).hex() for v in p)
def table(name, width, pts):
    s="".join(hexes(p) for p in pts); n=128
    body=chr(92)+chr(10)  # a line break that is not part of the string
    lines=body.join("      "+s[i:i+n] for i in range(0,len(s),n))
    return f"  static let {name} = OracleTable(width: {width}, {q3}\n{lines}\n      {q3})\n"
q3=chr(34)*3
def write(file, tables):
    with open(file,"w") as f:
        f.write("// Made by generate.py; do not edit.\n// swift-format-ignore-file\nextension OracleTable {\n")
        f.write("\n".join(table(*t) for t in tables)); f.write("}\n")
if __name__=="__main__":
    N=208
    one=[(n,2,points(n,N)) for n in FN]; two=[(n,3,points(n,N)) for n in FN2]
    groups={"ElementaryOracles1":["exp","expm1","log","log1p","tanh","logistic","softplus"],"ElementaryOracles2":["sin","cos","tan","atan","asin","acos"],
      "ElementaryOracles3":["sinh","cosh","asinh","acosh","atanh","pow"],"SpecialOracles1":["erf","erfc","erfcx","normalCDF","logNormalCDF"],
      "SpecialOracles2":["logGamma","digamma","trigamma","logBeta"]}
    everything={t[0]:t for t in one+two}
    for file,names in groups.items(): write(file+".swift",[everything[n] for n in names])
    write("SpecialOracles3.swift",[("gammaTails",6,gammaPoints()),("betaTails",6,betaPoints())])
    write("SpecialOracles4.swift",[("normalQuantile",2,quantilePoints()),("polygamma",3,polygammaPoints()),("bessel",3,besselPoints()),("studentT",3,studentPoints())])
