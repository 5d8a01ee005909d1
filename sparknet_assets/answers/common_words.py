"""Words that are no names though questions write them with a capital: Total, Landlord, Due Date."""

from __future__ import annotations

import re

# Words that people ask documents about. What is as often a name (Green, Shell, Target) is left out.
_ENGLISH = """
about above absolute abstract access accident accommodation account accountant accounting accrual
acid acronym action active activity actual adapter addendum additional address adjusted adjustment
administrator adult advance advanced adviser advisor after agenda agent agreement air aircraft
airport alarm all allowance alloy alternative ambassador amendment amortisation amortization
amount an analysis and animal annex annual another answer any apartment appendix appliance
applicant application appointment approval approximate april arbitration architect archive are
area arrears arrival arriving article artist as assembly asset assignment assistant associate at
atmosphere attachment attendance attorney audit auditor august author availability available
average award baby background backup bag balance ball bank bar barrier base basement basic
bathroom battery be bed bedroom been before behaviour below beneficiary benefit best better
bibliography bicycle bidder bike billing blog bluetooth board boat body boiler boiling bolt bomb
bonus book bookkeeping booklet bookmark border born borrower boss both bottle box brake branch
brand breach bread breakfast bridge brochure broken broker brother budget building bulletin bus
business button buyer by bylaw cabin cabinet cable calendar call camera campaign can cancellation
cancer capacity capital captain caption car card care caretaker cargo carpet cash category cause
ceiling cell celsius center centre ceo ceremony certain certificate cfo chain chair chairman
chairperson chairwoman change channel chapel chapter character charge chart cheap checklist
chemical cheque chief child children christmas chronological church cio circuit citation citizen
city claim claimant class clause clean cleaning client climate clock closing clothing coast code
coffee collateral colleague collection college color colour column combination combined commander
comment commission commissioner committee common communication company comparable compensation
competition complete compliance component composition computer concept concert conclusion
condition confidential confidentiality connection consecutive consent consideration consolidated
construction consultant contact container content contract contractor control controller coo
cooling coordinator copy copyright corner corporate corporation correct cost could council counsel
counterparty country county course court covenant coverage credit creditor crew critical cto cup
currency current customer customs cycle daily damage danger dangerous data database date daughter
day deadline dealer death debit debt debtor december decision decrease deductible deduction deed
default defect defendant deferred definition degree delegate delivered delivery demand density
department departure deposit depreciation depth deputy describe description design designer
destination detail detergent developer development device diagram did die died difference
different digital dimension dinner direct direction directive director directory disaster
disclosure discount disease dishwasher disk display dispute distance distribution distributor
district dividend division do doctor document documentation does dog dollar door dose double draft
drawing drink driver drug dry due duration duty early earning earthquake east easter ebit
ebitda economic economy edition editor education effect effective efficiency election electric
electrical electricity electronic element elevation elevator eligibility eligible email emergency
emission emperor employee employer employment empty enclosure energy engine engineer entrance
entrant entry environment environmental equal equipment equity error escape essential estimate
euro evaluation evening event everyone evidence exact exam examination example excerpt excess
exchange exclusion exclusive executive exercise exhibit existing exit expected expenditure expense
expensive experience experiment expert expiration expiry explain export exposure extension
external extra extraordinary facility fact factor factory fahrenheit failure fair family farm fast
father fault fax fear feature february fee female ferry fever fifth figure file filter final
finance financial find finding fine finish fire firm first fiscal fixed flag flat fleet flight
flood floor following food footer footnote for force forecast foreign form format former formula
forward founder fourth franchise free freezer freight frequency frequent friday fridge friend from
fruit fuel full fully function fund funding furniture fuse future garage garden gas gate gear
gender general get give global glossary goal goods goodwill governing government governor grade
graph grid gross ground group growth guarantee guarantor guardian guest guidance guide guideline
had half handbook harbour hardware harm has have hazard he head headcount heading headline
headmaster headquarters health heat heater heating heavy height her here high higher highest his
historic historical holder holiday home hospital hotel hour hourly house housing how hr human
humidity husband iban ice id identification if illness image impact import important improvement
in incident income incoming increase indemnity index individual industrial industry infection
inflation information ingredient initial injury inner input inside inspection inspector
installation institution instruction instructor instrument insurance insured insurer intake
intellectual interest internal international internet into introduction inventor inventory invest
investigation investigator investor invoice is island issue issuer it item janitor january job
joint journal journalist journey judge july june junior jurisdiction key keyboard keyword
kilogram kilometer kilometre kilowatt kitchen krona krone kroner kronor label laboratory lake lamp
landing landlady landlord language laptop largest last late latest laundry law lawsuit lawyer
leader leaflet leak lease least leave lecturer ledger legal lender length lessee lesson lessor let
letter level liability liable librarian library licence license licensee licensor lieutenant life
lift light likely limit limitation line liquid liquidity list liter litigation litre live lived
liver load loan local location lock log logo long longest loss lower lowest luggage lunch machine
made magazine magnet mail main maintenance majeure male management manager mandatory manual
manufacture manufacturer many map march margin market marketing mass match material maturity
maximum may mayor meal mean measure measurement meat mechanic mechanism mediator medical
medication medicine meeting melting member membership memorandum memory mental menu merchant
message metal meter method metre might mile milestone milk mine minimum minister ministry minor
minutes mission mistake mixed mixture mobile mode model module moisture monarch monday monetary
money monitor month monthly more morning mortality mortgage most mother motor mount mountain move
movement movie multiple municipal museum music must mutual my name nation national nationality
natural nature nearest necessary negative negligence negotiation neighbor neighbour net network
new newsletter next night noise nominal normal north not notary note notice november
nuisance number numeric nurse objection objective obligation observation occupancy occupant
occupation ocean october of offence offer office officer official oil old older oldest on online
only open opening opera operating operation operator opinion option optional or order ordinary
organ organisation organization origin original other ounce our outage outcome outer outgoing
outline output outstanding oven overall overdraft overhead overtime overview own owner ownership
package packaging page pain paint painter pair panel paper paragraph parcel parent parking
parliament part participant partner party passage passenger password past patent path patient
pattern pay payable payee payment payroll pdf peak penalty pension pensioner people per percent
percentage performance period permanent permission permit person personal personnel pest phase
phenomenon phone physical physician picture pilot pin pipe pipeline place plaintiff
plan planet planned plate platform player please plot plumbing poet point police policy
policyholder political pollution pool population port position positive possession possible post
postcode potential pound power practice precipitation preface preferred pregnancy preliminary
premises premium prescription present presentation president press pressure prevention previous
price primary prime princess principal principle print printer prior priority prison privacy
private prize probation problem procedure proceeds process processor producer product production
profession professional professor profile profit profitability program programme programmer
project projected proof proper property proposal protection protocol prototype provider provision
public publication pump purchase purchaser purpose quality quantity quarter quarterly quay queen
question questionnaire quick quiet quotation quote race radiation radio radius railway rain rainy
random range rate rated ratio reaction reactor reading real reason rebate receipt receivable
receiver recent receptacle reception recipe recipient recommendation recommended record recurring
recycling reduction reference refund region register registered registration regular regulation
reimbursement related relation relative release religion remainder remaining remark reminder
remote renewal rent rental repair replacement reply report representative request required
requirement research researcher reserve resident residential resolution resource response
responsibility responsible restaurant restricted restriction result resume retailer retirement
return revenue review revolution right risk river road roof room route router row rule safe safety
said salary sales same sample satellite saturday saving say scale scan scenario schedule scholar
school science scientist scope score screen screw sea season seat second secondary secretary
section sector security seed seller senator sender senior sensor sentence separate september
sergeant serial series server service session settlement several severity sex shall shape share
shareholder she sheet shift ship shipment shipper shipping shoe shop short shortest should show
shower side sign signal signatory signature signed signer significant silver similar simple single
sister site situation size skill skipper sleep slide slow small smallest smoke smoking snow social
software soil solution solvent son sound source south space special species specific
specification speed sponsor spouse stadium staff stage staircase stakeholder standard start state
statement station statistic status statutory steel step stipend stock storage store strategy
street strength strong structure student study subcontractor subject sublease subletting
subscriber subscription subsidiary substance subtitle subtotal success suggestion suitcase sum
summary summer sunday sunlight supervisor supplier supply surcharge surface surgeon surgery
surname surplus survey survival sustainable swimming switch syllabus symptom system table take
taken tank tariff task tax taxation teacher teaching team technical technician technology
telephone television tell temperature temporary tenancy tenant tender term terminal termination
terrace territory test text than that the their theory there these thesis they thickness third
this those threshold thursday ticket tide tight time timeline timetable tip tire title to
tolerance tool top topic total tower town toy trade trademark traffic train trainee trainer
training transaction transcript transfer translation transmission transport transportation trash
treasurer treasury treatment tree trend trial trip truck trustee tuesday tuition tunnel turbine
turnover type typical tyre undertaking underwriter union unique unit university unpaid update
upgrade upload upper urgent usage use used user username using usual utilities vacancy vacation
vaccination vaccine valid validity valuation value valve variable various vat vehicle velocity
vendor ventilation verdict version vessel veteran victim video view village visibility visible
visit visiting visitor vitamin vocational voltage volume volunteer vote voyage wage waiver
war warehouse warning warranty was washing waste watch water we weak weather website
wednesday week weekday weekend weekly weight were west what wheel when where which who
whole wholesaler whom whose why wide width wife wifi wind window wine winner winter wire with
witness woman women word work worker workforce working workplace workshop would written wrong yard
year yearly yen yield you young youngest your zone
"""
_OTHERS = """
adres adresse bailleur bedrag cliente contrat contrato contratto datum dirección durée empresa
entrega factura facture factuur fattura fecha fournisseur garantie huur importe importo indirizzo
levering livraison locataire loyer montant numero numéro número precio prezzo prijs prix société
"""
_COMMON = frozenset(f"{_ENGLISH} {_OTHERS}".split())
# Endings of words for things that are not names, in long words: "Constance" and "Boeing" are.
_ENDINGS = re.compile(
    r"\w{3,}(?:(?:t|s)ions?|ments?|[ai]bilit(?:y|ies)|olog(?:y|ies|ists?)|ships?|nesses)$"
)
_PLURALS = (("ies", "y"), ("es", ""), ("s", ""))


def is_common(word: str) -> bool:
    """Whether a word, in whatever letters, is one of those or a plural of one."""
    word = word.casefold()
    if word in _COMMON or _ENDINGS.match(word):
        return True
    return any(
        word.endswith(ending) and f"{word.removesuffix(ending)}{singular}" in _COMMON
        for ending, singular in _PLURALS
    )
