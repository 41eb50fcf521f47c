"""How offices write codes: the Chinese labels of the closed vocabularies, as drop-downs offer them.

The first label of a code is the one that templates offer; the others are taken too. Relations are those of
GB/T 4761, of which 01 to 09 are the head of the household.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.models.enums import (
    AreaKind,
    AreaLevel,
    BuildingKind,
    CoordType,
    Employment,
    Gender,
    HouseholdType,
    PopulationType,
    ResidenceStatus,
    RoomUse,
)

Labels = Mapping[str, str]


GENDERS: Labels = MappingProxyType(
    {
        "男": Gender.MALE.value,
        "女": Gender.FEMALE.value,
        "男性": Gender.MALE.value,
        "女性": Gender.FEMALE.value,
        "未说明": Gender.UNSTATED.value,
    }
)
EMPLOYMENTS: Labels = MappingProxyType(
    {
        "专职": Employment.FULL_TIME.value,
        "兼职": Employment.PART_TIME.value,
        "志愿者": Employment.VOLUNTEER.value,
        "在编": Employment.OFFICIAL.value,
        "专职网格员": Employment.FULL_TIME.value,
        "兼职网格员": Employment.PART_TIME.value,
        "干部": Employment.OFFICIAL.value,
    }
)
HOUSEHOLD_TYPES: Labels = MappingProxyType(
    {
        "常住户": HouseholdType.RESIDENT.value,
        "租住户": HouseholdType.RENTAL.value,
        "人户分离户": HouseholdType.SEPARATED.value,
        "空置户": HouseholdType.VACANT.value,
        "集体户": HouseholdType.COLLECTIVE.value,
        "店宅户": HouseholdType.SHOP_HOUSE.value,
        "常住": HouseholdType.RESIDENT.value,
        "出租户": HouseholdType.RENTAL.value,
        "空户": HouseholdType.VACANT.value,
    }
)
RESIDENCE_STATUSES: Labels = MappingProxyType(
    {
        "人户一致": ResidenceStatus.SAME.value,
        "户在人不在": ResidenceStatus.HOUSEHOLD_ONLY.value,
        "人在户不在": ResidenceStatus.PERSON_ONLY.value,
        "空挂户": ResidenceStatus.EMPTY.value,
        "寄住": ResidenceStatus.LODGING.value,
    }
)
POPULATION_TYPES: Labels = MappingProxyType(
    {
        "户籍人口": PopulationType.HUKOU.value,
        "流动人口": PopulationType.FLOATING.value,
        "留守人员": PopulationType.LEFT_BEHIND.value,
        "境外人员": PopulationType.OVERSEAS.value,
        "户籍": PopulationType.HUKOU.value,
        "流动": PopulationType.FLOATING.value,
        "境外": PopulationType.OVERSEAS.value,
    }
)
LEVELS: Labels = MappingProxyType(
    {
        "镇街": AreaLevel.TOWN.value,
        "村社区": AreaLevel.VILLAGE.value,
        "网格": AreaLevel.GRID.value,
        "微网格": AreaLevel.MICRO_GRID.value,
        "省": AreaLevel.PROVINCE.value,
        "市": AreaLevel.CITY.value,
        "区县": AreaLevel.COUNTY.value,
        "镇": AreaLevel.TOWN.value,
        "街道": AreaLevel.TOWN.value,
        "村": AreaLevel.VILLAGE.value,
        "社区": AreaLevel.VILLAGE.value,
    }
)
AREA_KINDS: Labels = MappingProxyType(
    {
        "村": AreaKind.VILLAGE.value,
        "社区": AreaKind.COMMUNITY.value,
        "基础网格": AreaKind.BASE_GRID.value,
        "专属网格": AreaKind.EXCLUSIVE_GRID.value,
        "党建网格": AreaKind.PARTY_GRID.value,
        "微网格": AreaKind.MICRO_GRID.value,
        "镇": AreaKind.TOWN.value,
        "街道": AreaKind.STREET.value,
        "乡": AreaKind.TOWNSHIP.value,
        "园区": AreaKind.ZONE.value,
        "省": AreaKind.PROVINCE.value,
        "市": AreaKind.CITY.value,
        "区县": AreaKind.COUNTY.value,
    }
)
BUILDING_KINDS: Labels = MappingProxyType(
    {
        "住宅": BuildingKind.RESIDENTIAL.value,
        "商住": BuildingKind.MIXED.value,
        "厂房": BuildingKind.FACTORY.value,
        "自建房": BuildingKind.SELF_BUILT.value,
        "公共": BuildingKind.PUBLIC.value,
        "居民楼": BuildingKind.RESIDENTIAL.value,
        "商住两用": BuildingKind.MIXED.value,
        "公共建筑": BuildingKind.PUBLIC.value,
    }
)
ROOM_USES: Labels = MappingProxyType(
    {
        "自住": RoomUse.OWNER.value,
        "出租": RoomUse.RENTED.value,
        "空置": RoomUse.VACANT.value,
        "商用": RoomUse.COMMERCIAL.value,
        "宿舍": RoomUse.DORMITORY.value,
        "混合": RoomUse.MIXED.value,
        "住宅": RoomUse.OWNER.value,
        "居住": RoomUse.OWNER.value,
        "出租屋": RoomUse.RENTED.value,
        "空房": RoomUse.VACANT.value,
        "商业": RoomUse.COMMERCIAL.value,
        "商铺": RoomUse.COMMERCIAL.value,
        "集体宿舍": RoomUse.DORMITORY.value,
        "商住": RoomUse.MIXED.value,
    }
)
DATUMS: Labels = MappingProxyType(
    {
        "WGS84": CoordType.WGS84.value,
        "GCJ02": CoordType.GCJ02.value,
        "BD09": CoordType.BD09.value,
        "CGCS2000": CoordType.CGCS2000.value,
        "WGS-84": CoordType.WGS84.value,
        "GCJ-02": CoordType.GCJ02.value,
        "BD-09": CoordType.BD09.value,
        "GPS": CoordType.WGS84.value,
        "高德": CoordType.GCJ02.value,
        "腾讯": CoordType.GCJ02.value,
        "百度": CoordType.BD09.value,
        "国家2000": CoordType.CGCS2000.value,
    }
)
YES_OR_NO: Labels = MappingProxyType({"是": "true", "否": "false"})
USUAL_KINDS: Mapping[AreaLevel, AreaKind] = MappingProxyType(
    {
        AreaLevel.PROVINCE: AreaKind.PROVINCE,
        AreaLevel.CITY: AreaKind.CITY,
        AreaLevel.COUNTY: AreaKind.COUNTY,
        AreaLevel.TOWN: AreaKind.TOWN,
        AreaLevel.VILLAGE: AreaKind.VILLAGE,
        AreaLevel.GRID: AreaKind.BASE_GRID,
        AreaLevel.MICRO_GRID: AreaKind.MICRO_GRID,
    }
)
_RELATIONS = """
    02=户主 01=本人 01=户主本人 10=配偶 11=夫 11=丈夫 12=妻 12=妻子 20=子 20=儿子 21=独生子 22=长子 23=次子
    24=三子 25=四子 26=五子 27=养子 27=继子 28=女婿 29=其他儿子 30=女 30=女儿 31=独生女 32=长女 33=次女
    34=三女 35=四女 36=五女 37=养女 37=继女 38=儿媳 38=媳妇 39=其他女儿 40=孙辈 41=孙子 42=孙女 43=外孙子
    43=外孙 44=外孙女 45=孙媳妇 45=孙媳 46=孙女婿 47=曾孙子 48=曾孙女 50=父母 51=父亲 51=父 52=母亲 52=母
    53=公公 54=婆婆 55=岳父 56=岳母 57=继父 57=养父 58=继母 58=养母 60=祖父母 61=祖父 61=爷爷 62=祖母
    62=奶奶 63=外祖父 63=外公 64=外祖母 64=外婆 70=兄弟姐妹 71=兄 71=哥哥 72=嫂 73=弟 73=弟弟 74=弟媳
    75=姐姐 75=姐 76=姐夫 77=妹妹 77=妹 78=妹夫 80=其他 80=其他亲属 99=非亲属
"""


RELATIONS: Labels = MappingProxyType(
    {label: code for entry in _RELATIONS.split() for code, label in [entry.split("=")]}
)
