"""The two-level list of ticket categories that a new deployment starts with, as data.

Classes have two digits, sub-classes four, and every class ends in a sub-class `…99 其他`, so that any
report has a leaf to go to. It holds the names, and which are mended on the spot; limits, routing and the
table itself are elsewhere, and a town may add a third level or switch entries off in its own code list.
"""

from typing import NamedTuple

__all__ = ["CATEGORIES", "Category", "leaf_codes"]


class Category(NamedTuple):
    """One entry of the list; `parent_code` is None for a class; `self_handled`: small, mended on the spot."""

    code: str
    label_zh: str
    label_en: str
    parent_code: str | None
    self_handled: bool = False


_CLASSES: tuple[tuple[str, str, str], ...] = (
    ("01", "矛盾纠纷", "Disputes"),
    ("02", "社会治安", "Public order"),
    ("03", "消防安全", "Fire safety"),
    ("04", "安全生产与公共安全", "Work and public safety"),
    ("05", "市容环境", "Street environment"),
    ("06", "公共设施", "Public facilities"),
    ("07", "违法建设与国土", "Land and illegal building"),
    ("08", "民生服务", "Livelihood services"),
    ("09", "人员关爱", "Care for people at risk"),
    ("10", "市场监管", "Market supervision"),
    ("11", "突发事件", "Emergencies"),
    ("12", "社情民意", "Public opinion"),
    ("13", "信息变动", "Base-data changes"),
    ("99", "其他", "Other"),
)

_SUB_CLASSES: tuple[tuple[str, str, str], ...] = (
    ("0101", "邻里纠纷", "Neighbours"),
    ("0102", "婚姻家庭纠纷", "Marriage and family"),
    ("0103", "物业纠纷", "Property management"),
    ("0104", "劳资纠纷", "Labour and wages"),
    ("0105", "征地拆迁纠纷", "Land acquisition and demolition"),
    ("0106", "土地山林水利权属纠纷", "Rights in land, forest and water"),
    ("0107", "合同债务纠纷", "Contracts and debts"),
    ("0108", "医疗纠纷", "Medical care"),
    ("0109", "交通事故赔偿纠纷", "Traffic accident compensation"),
    ("0110", "消费纠纷", "Consumer disputes"),
    ("0111", "校园纠纷", "School disputes"),
    ("0112", "村务财务与集体分红纠纷", "Village finance and collective dividends"),
    ("0113", "环境污染纠纷", "Pollution disputes"),
    ("0114", "宅基地纠纷", "Homestead disputes"),
    ("0201", "盗抢线索", "Leads on theft and robbery"),
    ("0202", "电信诈骗预警劝阻", "Telecom fraud warning"),
    ("0203", "黄赌毒线索", "Leads on vice, gambling and drugs"),
    ("0204", "打架斗殴", "Fighting"),
    ("0205", "传销", "Pyramid selling"),
    ("0206", "出租屋治安", "Order in rented housing"),
    ("0207", "家庭暴力", "Domestic violence"),
    ("0301", "疏散通道、安全出口堵塞", "Blocked escape routes and exits"),
    ("0302", "消防设施缺失过期", "Missing or expired fire equipment"),
    ("0303", "电动车违停、飞线充电", "E-bike parking and charging by flying wires"),
    ("0304", "私拉乱接电线", "Unsafe private wiring"),
    ("0305", "三合一、违规住人", "Living in workshops and shops"),
    ("0306", "用火用气不当", "Careless use of fire and gas"),
    ("0307", "易燃物堆放", "Piled-up flammables"),
    ("0308", "消防车通道占用", "Blocked fire lanes"),
    ("0309", "防盗网无逃生口", "Window bars without escape hatch"),
    ("0401", "三小场所", "Small shops, workshops and entertainment places"),
    ("0402", "危险化学品", "Hazardous chemicals"),
    ("0403", "建筑施工", "Construction sites"),
    ("0404", "燃气安全", "Gas safety"),
    ("0405", "特种设备、电梯", "Lifts and special equipment"),
    ("0406", "有限空间", "Confined spaces"),
    ("0407", "危房、自建房", "Dangerous and self-built houses"),
    ("0408", "涉水安全", "Water safety"),
    ("0409", "森林防火", "Forest fire prevention"),
    ("0410", "地质隐患", "Geological hazards"),
    ("0411", "高空坠物", "Falling objects"),
    ("0501", "暴露垃圾", "Exposed rubbish"),
    ("0502", "乱堆乱放", "Disorderly piling"),
    ("0503", "建筑垃圾、渣土", "Building waste and spoil"),
    ("0504", "污水外溢", "Overflowing sewage"),
    ("0505", "黑臭水体、水域漂浮物", "Foul water and floating rubbish"),
    ("0506", "露天焚烧", "Open burning"),
    ("0507", "噪声", "Noise"),
    ("0508", "油烟、扬尘、异味", "Cooking fumes, dust and smell"),
    ("0509", "占道经营", "Trading on the road"),
    ("0510", "乱张贴小广告", "Illegal posters"),
    ("0511", "牲畜家禽、犬只", "Livestock, poultry and dogs"),
    ("0512", "病媒蚊蝇", "Mosquitoes, flies and other vectors"),
    ("0601", "道路破损", "Damaged roads"),
    ("0602", "路灯", "Street lamps"),
    ("0603", "井盖", "Manhole covers"),
    ("0604", "供水", "Water supply"),
    ("0605", "供电", "Power supply"),
    ("0606", "通信线缆", "Telecom cables"),
    ("0607", "排水管网、内涝", "Drains and flooding"),
    ("0608", "标识护栏", "Signs and guardrails"),
    ("0609", "健身公厕等设施", "Exercise equipment and public toilets"),
    ("0610", "树木绿化", "Trees and green areas"),
    ("0611", "停车秩序", "Parking"),
    ("0701", "违法用地", "Illegal land use"),
    ("0702", "违法建设", "Illegal building"),
    ("0703", "占用耕地", "Occupied farmland"),
    ("0704", "私挖盗采", "Illegal digging and mining"),
    ("0705", "河道违建", "Illegal building in rivers"),
    ("0801", "困难救助", "Hardship relief"),
    ("0802", "养老助老", "Help for the elderly"),
    ("0803", "助残", "Help for the disabled"),
    ("0804", "儿童关爱", "Child care"),
    ("0805", "就业社保", "Employment and social insurance"),
    ("0806", "医保医疗", "Medical insurance and care"),
    ("0807", "入学", "School places"),
    ("0808", "住房", "Housing"),
    ("0809", "证照代办", "Errands for papers and licences"),
    ("0810", "慰问", "Comfort visits"),
    ("0901", "独居老人异常", "Elderly living alone in trouble"),
    ("0902", "人员走失", "Missing persons"),
    ("0903", "轻生风险", "Risk of suicide"),
    ("0904", "留守、困境儿童", "Left-behind and needy children"),
    ("1001", "无证无照经营", "Trading without licence"),
    ("1002", "食品安全", "Food safety"),
    ("1003", "假冒伪劣", "Counterfeit and shoddy goods"),
    ("1004", "价格、计量", "Prices and measures"),
    ("1005", "校外培训", "Private tutoring"),
    ("1101", "火灾", "Fire"),
    ("1102", "洪涝、台风", "Flood and typhoon"),
    ("1103", "地质灾害", "Geological disaster"),
    ("1104", "交通事故", "Traffic accident"),
    ("1105", "安全事故", "Work accident"),
    ("1106", "公共卫生", "Public health"),
    ("1107", "停水停电停气", "Loss of water, power or gas"),
    ("1201", "意见建议", "Suggestions"),
    ("1202", "政策咨询", "Questions about policy"),
    ("1203", "投诉作风", "Complaints about conduct"),
    ("1204", "村务公开", "Openness of village affairs"),
    ("1205", "表扬感谢", "Praise and thanks"),
    ("1301", "新入住", "Moved in"),
    ("1302", "搬离", "Moved out"),
    ("1303", "出租变更", "Change of tenancy"),
    ("1304", "新增单位", "New business"),
    ("1305", "人员信息更正", "Correction of personal data"),
)

# What a grid worker can put right alone: rubbish, posters, a fallen sign; never what needs a department's
# powers, tools or file (立行立改).
_SELF_HANDLED = frozenset(
    {"0307", "0308", "0501", "0502", "0504", "0506", "0509", "0510", "0608", "0609", "0611"}
)


def _listed() -> tuple[Category, ...]:
    """Each class, its sub-classes, and its `…99`, in code order."""
    rows: list[Category] = []
    for code, label_zh, label_en in _CLASSES:
        rows.append(Category(code, label_zh, label_en, None))
        rows += [
            Category(*row, code, row[0] in _SELF_HANDLED) for row in _SUB_CLASSES if row[0].startswith(code)
        ]
        rows.append(Category(f"{code}99", "其他", "Other", code))
    return tuple(rows)


CATEGORIES: tuple[Category, ...] = _listed()


def leaf_codes() -> tuple[str, ...]:
    """The four-digit codes, the ones a ticket may carry, in code order."""
    return tuple(row.code for row in CATEGORIES if row.parent_code is not None)
