"""The usual words of lists of workplaces, in the languages of the people who make them."""

from __future__ import annotations

import unicodedata

from bot.parsing.typed_text import plain_words


def _words(text: str) -> frozenset[str]:
    return frozenset(plain_words(each) for each in text.split(","))


FILLERS = _words(
    "number,numbers,num,no,nr,nb,n,total,of,the,a,in,at,de,des,d,del,los,las,la,le,les,du,en,current,count,numero,num,"
    "cantidad,total,nombre,liczba,ilosc,количество,число,общее,all,estimated,approx,approximate,their"
)
NAMES = _words("name,names,nom,nazwa,название,наименование,non")
PEOPLE = _words(
    "headcount,head count,heads,people,persons,employees,workers,staff,personnel,workforce,members,voters,eligible,"
    "eligible voters,eligible employees,eligible workers,employees eligible,employees eligible to vote,"
    "eligible to vote,"
    "unit size,size,workers affected,employees affected,employees involved,workers involved,"
    "employees on payroll,payroll,team size,bargaining unit size,jobs,affected workers,affected employees,"
    "trabajadores,trabajadoras,empleados,empleadas,personas,personal,plantilla,trabajadores afectados,gente,electores,"
    "salaries,employes,travailleurs,personnes,effectif,effectifs,inscrits,electeurs,"
    "pracownicy,pracownikow,osob,osoby,zatrudnieni,zatrudnionych,uprawnieni,uprawnionych,zaloga,"
    "работников,работники,сотрудников,сотрудники,человек,люди,численность,"
    "人数,人數,员工,員工,员工人数,員工人數,员工数,職工人數,职工人数,职工,"
    "인원,직원,직원수,직원 수,근로자,근로자수,근로자 수,인원수,"
    "কর্মী,কর্মচারী,শ্রমিক,জন,কর্মী সংখ্যা,শ্রমিক সংখ্যা,"
    "عدد العمال,العمال,الموظفون,عدد الموظفين,العاملون,عدد العاملين,ملازمین,ملازمین کی تعداد,کارکن,کارکنان,تعداد,"
    "travaye,anplwaye,moun,kantite travaye,kantite moun"
)
OWN_NUMBERS = _words(
    "staff number,staff no,staff num,staff nr,personnel number,personnel no,personnel num,personnel nr,"
    "payroll number,payroll no,payroll num,payroll nr"
)
"""What a list of workers has a column of: the number of each of them, not how many they are."""

PLACES = _words(
    "workplace,work place,name,names,employer,company,site,branch,unit,store,shop,facility,establishment,location,"
    "business,organization,organisation,workplace name,employer name,company name,site name,branch name,unit name,"
    "store name,shop name,facility name,establishment name,location name,business name,organization name,"
    "name of employer,name of company,name of workplace,name of establishment,work site,worksite,workplaces,employers,"
    "school,school name,hospital,hospital name,institution,institution name,agency,agency name,"
    "centro de trabajo,lugar de trabajo,nombre,empresa,empleador,centro,sitio,sucursal,local,tienda,establecimiento,"
    "lugar,razon social,nombre de la empresa,"
    "lieu de travail,nom,entreprise,employeur,etablissement,site,succursale,magasin,raison sociale,"
    "zaklad,zaklad pracy,nazwa,firma,pracodawca,oddzial,placowka,miejsce pracy,"
    "предприятие,название,компания,работодатель,организация,место работы,филиал,наименование,"
    "单位,單位,公司,名称,名稱,雇主,僱主,工作单位,工作地點,工作场所,企业,企業,分店,"
    "사업장,회사,회사명,사업장명,이름,직장,지점,업체,업체명,"
    "কর্মস্থল,প্রতিষ্ঠান,নাম,কোম্পানি,কারখানা,শাখা,"
    "مكان العمل,الشركة,اسم,الاسم,صاحب العمل,المؤسسة,الفرع,جگہ,نام,ادارہ,کمپنی,شاخ,کام کی جگہ,"
    "kote travay,non,konpayi,patwon,antrepriz,biznis"
)

DEPARTMENTS = _words(
    "department,departments,dept,depts,department name,dept name,shift,shifts,shift name,ward,"
    "departamento,departamentos,turno,turnos,seccion,secciones,"
    "departement,service,equipe,rayon,atelier,"
    "dział,dzial,wydział,wydzial,zmiana,"
    "отдел,цех,смена,отделение,"
    "部门,部門,科室,班次,车间,車間,"
    "부서,교대,교대조,근무조,"
    "বিভাগ,শিফট,"
    "قسم,القسم,الوردية,وردية,شعبہ,شفٹ,"
    "depatman,sevis,ekip"
)
AREAS = _words(
    "borough,boroughs,borough name,neighborhood,neighbourhood,neighborhoods,neighborhood name,district,district name,"
    "region,region name,area,area name,zone,zone name,"
    "barrio,distrito,vecindario,zona,comarca,"
    "quartier,arrondissement,secteur,"
    "dzielnica,rejon,powiat,"
    "район,округ,микрорайон,"
    "区,區,街区,街區,行政区,行政區,地区,地區,"
    "구,자치구,동네,지역,"
    "এলাকা,পাড়া,মহল্লা,অঞ্চল,"
    "حي,الحي,منطقة,المنطقة,علاقہ,محلہ,"
    "katye,distri,zon"
)
"""A column called so may be one of areas; not city, state or county, of which every address has one."""

_TOTALS = _words(
    "total,totals,grand total,overall total,total overall,subtotal,sub total,sub-total,sum,sum total,all total,"
    "total general,totales,suma,suma total,gran total,"
    "total général,totaux,sous-total,sous total,somme,"
    "razem,łącznie,ogółem,suma końcowa,"
    "итого,всего,итог,общий итог,сумма,"
    "合计,总计,小计,共计,总数,合計,總計,小計,總數,"
    "합계,총계,소계,총합,합,"
    "মোট,সর্বমোট,উপমোট,"
    "المجموع,مجموع,الإجمالي,إجمالي,المجموع الكلي,کل,میزان,مجموعہ,کل میزان,"
    "totalite,antou,total jeneral"
)
_NOBODY_KNOWS = _words(
    "na,n a,none,null,nil,unknown,unk,tbd,tba,not available,n d,nd,s d,sd,ninguno,desconocido,sin datos,inconnu,"
    "nieznane,brak,brak danych,неизвестно,нет,нет данных,未知,不明,不详,미상,অজানা,غير معروف,نامعلوم,pa konnen"
)
_LONGEST = 30
_MARKS = " *-=#.:_\"'([<"


def _initial(word: str) -> str:
    return unicodedata.normalize("NFD", word[:1])[:1]


_INITIALS = frozenset(map(_initial, _TOTALS))  # most names need no closer look


def is_total(cell: str) -> bool:
    """Say whether all of a cell is a total's word, in any of the languages; `Total Wine` is a shop."""
    initial = _initial(cell.lstrip(_MARKS).casefold())
    return len(cell) <= _LONGEST and initial in _INITIALS and plain_words(cell) in _TOTALS


def names_total(cell: str) -> bool:
    """Say whether one word of a cell is a total's: where no workplace has a name, "East Total" is one too."""
    return any(word in _TOTALS for word in plain_words(cell[: 2 * _LONGEST]).split())


def is_unknown(cell: str) -> bool:
    """Say whether all of a cell says that nobody knows, like `n/a`."""
    return len(cell) <= _LONGEST and plain_words(cell) in _NOBODY_KNOWS
