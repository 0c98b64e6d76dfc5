"""Which elements each kind of metadata has, what they hold, and the values of those that are a choice.

Taken from `@salesforce/types` 1.7.1 and 1.9.0 (npm), `lib/metadata.d.ts`, which Salesforce makes from the Metadata
API: the kinds that `sfdc_objects/` uses (tests/clients/test_metadata_types.py holds them against it). `name` holds
text, `name:kind` another kind or a choice, `*` may repeat, `!` has to be there, `unused` marks a kind that the folder
does not use. One that it comes to use is added here.
"""

ELEMENTS = {
    "AppBrand": "footerColor headerColor logo logoVersion:number shouldOverrideOrgTheme:boolean",
    "CompactLayout": "fields* label!",
    "CustomApplication": (
        "actionOverrides*:unused brand:AppBrand consoleConfig:unused defaultLandingTab description "
        "formFactors*:FormFactor isNavAutoTempTabsDisabled:boolean isNavPersonalizationDisabled:boolean "
        "isNavTabPersistenceDisabled:boolean isOmniPinnedViewEnabled:boolean isServiceCloudConsole:boolean label logo "
        "navType:NavType preferences:unused profileActionOverrides*:unused setupExperience subscriberTabs* tabSetType "
        "tabs* uiType:UiType uiBundle utilityBar workspaceConfig:unused"
    ),
    "CustomField": (
        "businessOwnerGroup businessOwnerUser businessStatus caseSensitive:boolean complianceGroup customDataType "
        "defaultValue deleteConstraint:DeleteConstraint deprecated:boolean description displayFormat "
        "displayLocationInDecimal:boolean elementType:ElementType encryptionScheme:EncryptionScheme "
        "escapeMarkup:boolean externalDeveloperName externalId:boolean fieldManageability:FieldManageability formula "
        "formulaTreatBlanksAs:TreatBlanksAs inlineHelpText isAIPredictionField:boolean isConvertLeadDisabled:boolean "
        "isFilteringDisabled:boolean isNameField:boolean isSortingDisabled:boolean label length:number "
        "lookupFilter:unused maskChar:EncryptedFieldMaskChar maskType:EncryptedFieldMaskType "
        "metadataRelationshipControllingField mktDataLakeFieldAttributes:unused mktDataModelFieldAttributes:unused "
        "picklist:unused populateExistingRows:boolean precision:number readOnlyProxy:boolean referenceTargetField "
        "referenceTo relationshipLabel relationshipName relationshipOrder:number reparentableMasterDetail:boolean "
        "required:boolean restrictedAdminField:boolean scale:number securityClassification startingNumber:number "
        "stripMarkup:boolean summarizedField summaryFilterItems*:FilterItem summaryForeignKey "
        "summaryOperation:SummaryOperations trackFeedHistory:boolean trackHistory:boolean trackTrending:boolean "
        "translateData:boolean type:FieldType unique:boolean valueSet:ValueSet visibleLines:number "
        "writeRequiresMasterRead:boolean"
    ),
    "CustomObject": (
        "actionOverrides*:unused allowInChatterGroups:boolean articleTypeChannelDisplay:unused "
        "businessProcesses*:unused compactLayoutAssignment compactLayouts*:CompactLayout customHelp customHelpPage "
        "customSettingsType:CustomSettingsType deploymentStatus:DeploymentStatus deprecated:boolean description "
        "enableActivities:boolean enableBulkApi:boolean enableDataTranslation:boolean enableDivisions:boolean "
        "enableEnhancedLookup:boolean enableFeeds:boolean enableHistory:boolean enableLicensing:boolean "
        "enablePublishStatusTracking:boolean enableReports:boolean enableSearch:boolean enableSharing:boolean "
        "enableStreamingApi:boolean enrichments:unused eventType:PlatformEventType externalDataSource "
        "externalIndexAvailable:boolean externalName externalRepository externalSharingModel:SharingModel "
        "fieldSets*:unused fields*:CustomField gender:Gender historyRetentionPolicy:unused household:boolean "
        "indexes*:unused label listViews*:ListView marketingObjectIndexes*:unused mktDataLakeAttributes:unused "
        "mktDataModelAttributes:unused nameField:CustomField pluralLabel profileSearchLayouts*:unused "
        "publishBehavior:PlatformEventPublishBehavior recordTypeTrackFeedHistory:boolean "
        "recordTypeTrackHistory:boolean recordTypes*:unused searchLayouts:unused sharingModel:SharingModel "
        "sharingReasons*:unused sharingRecalculations*:unused startsWith:StartsWith validationRules*:ValidationRule "
        "visibility:SetupObjectVisibility webLinks*:unused"
    ),
    "CustomPermission": (
        "connectedApp description externalClientApplication isLicensed!:boolean label! requiredPermission*:unused"
    ),
    "CustomTab": (
        "actionOverrides*:unused auraComponent customObject:boolean description flexiPage frameHeight:number "
        "hasSidebar:boolean icon label lwcComponent motif page scontrol splashPageLink url urlEncodingKey:Encoding"
    ),
    "CustomValue": "color default!:boolean description isActive:boolean label",
    "ExternalClientApplication": (
        "contactEmail contactPhone description distributionState:ExtlClntAppDistState iconUrl infoUrl "
        "isProtected:boolean label logoUrl managedType:ExtlClntAppManagedType orgScopedExternalApp"
    ),
    "ExtlClntAppConfigurablePolicies": (
        "externalClientApplication! isAttestPluginEnabled:boolean isCanvasPluginEnabled:boolean isEnabled!:boolean "
        "isMobilePluginEnabled:boolean isNotificationPluginEnabled:boolean isOauthPluginEnabled:boolean "
        "isPushPluginEnabled:boolean isSamlPluginEnabled:boolean label startPage:ExtlClntAppStartPage startUrl"
    ),
    "ExtlClntAppGlobalOauthSettings": (
        "callbackUrl certificate consumerKey consumerSecret externalClientApplication! idTokenConfig:unused "
        "isClientCredentialsFlowEnabled:boolean isCodeCredFlowEnabled:boolean isCodeCredPostOnly:boolean "
        "isConsumerSecretOptional:boolean isDPopEnabled:boolean isDeviceFlowEnabled:boolean "
        "isEnforceRefreshTokenTTL:boolean isIntrospectAllTokens:boolean isMtlsEnabled:boolean "
        "isNamedUserJwtEnabled:boolean isPkceRequired:boolean isRefreshTokenRotationEnabled:boolean "
        "isSecretRequiredForRefreshToken:boolean isSecretRequiredForTokenExchange:boolean "
        "isTokenExchangeEnabled:boolean label shouldRotateConsumerKey:boolean shouldRotateConsumerSecret:boolean"
    ),
    "ExtlClntAppOauthConfigurablePolicies": (
        "apexHandler clientCredentialsFlowUser commaSeparatedCustomScopes commaSeparatedPermissionSet "
        "commaSeparatedProfile customAttributes*:unused executeHandlerAs externalClientApplication! "
        "guestJwtSessionTimeoutType:JWTSessionTimeoutType guestJwtTimeout:number ipRelaxationPolicyType "
        "isClientCredentialsFlowEnabled:boolean isGuestCodeCredFlowEnabled:boolean isTokenExchangeFlowEnabled:boolean "
        "label namedUserJwtSessionTimeoutType:JWTSessionTimeoutType namedUserJwtTimeout:number "
        "permittedUsersPolicyType:PermittedUsersPolicyType policyAction:PolicyAction "
        "refreshTokenPolicyType:RefreshTokenPolicyType refreshTokenValidityPeriod:number refreshTokenValidityUnit "
        "requiredSessionLevel:SessionSecurityLevel sessionTimeoutInMinutes:number singleLogoutUrl startUrl"
    ),
    "ExtlClntAppOauthSettings": (
        "areAttributesIncludedInAssetToken:boolean areCustomPermsIncludedInAssetToken:boolean assetTokenAudiences "
        "assetTokenSigningCertificate assetTokenValidity:number clientAssertionCertificate commaSeparatedCustomScopes "
        "commaSeparatedOauthScopes customAttributes*:unused externalClientApplication! isFirstPartyAppEnabled:boolean "
        "label oauthLink singleLogoutUrl trustedIpRanges*:unused"
    ),
    "FieldOverride": "field! formula literalValue",
    "FilterItem": "field! operation!:FilterOperation value valueField",
    "Layout": (
        "customButtons* customConsoleComponents:unused emailDefault:boolean excludeButtons* feedLayout:unused "
        "headers*:LayoutHeader layoutSections*:LayoutSection miniLayout:unused multilineLayoutFields* "
        "platformActionList:PlatformActionList quickActionList:unused relatedContent:unused "
        "relatedLists*:RelatedListItem relatedObjects* runAssignmentRulesDefault:boolean showEmailCheckbox:boolean "
        "showHighlightsPanel:boolean showInteractionLogPanel:boolean showKnowledgeComponent:boolean "
        "showRunAssignmentRulesCheckbox:boolean showSolutionSection:boolean showSubmitAndAttachButton:boolean "
        "summaryLayout:unused"
    ),
    "LayoutColumn": "layoutItems*:LayoutItem reserved",
    "LayoutItem": (
        "analyticsCloudComponent:unused behavior:UiBehavior canvas component customLink emptySpace:boolean field "
        "height:number page reportChartComponent:unused scontrol showLabel:boolean showScrollbars:boolean width"
    ),
    "LayoutSection": (
        "customLabel:boolean detailHeading:boolean editHeading:boolean label layoutColumns*:LayoutColumn "
        "style!:LayoutSectionStyle"
    ),
    "ListView": (
        "booleanFilter columns* division filterScope!:FilterScope filters*:ListViewFilter label! language queue "
        "sharedTo:SharedTo"
    ),
    "ListViewFilter": "field! operation!:FilterOperation value",
    "PermissionSet": (
        "agentAccesses*:unused applicationVisibilities*:PermissionSetApplicationVisibility classAccesses*:unused "
        "customMetadataTypeAccesses*:unused customPermissions*:PermissionSetCustomPermissions "
        "customSettingAccesses*:unused dataspaceScopes*:unused description emailRoutingAddressAccesses*:unused "
        "enrichments:unused externalCredentialPrincipalAccesses*:unused externalDataSourceAccesses*:unused "
        "fieldPermissions*:PermissionSetFieldPermissions flowAccesses*:unused genComputingSummaryDefAccesses*:unused "
        "hasActivationRequired:boolean label! license objectPermissions*:PermissionSetObjectPermissions "
        "pageAccesses*:unused recordTypeVisibilities*:unused servicePresenceStatusAccesses*:unused "
        "tabSettings*:PermissionSetTabSetting userPermissions*:PermissionSetUserPermission"
    ),
    "PermissionSetApplicationVisibility": "application! visible!:boolean",
    "PermissionSetCustomPermissions": "enabled!:boolean name!",
    "PermissionSetFieldPermissions": "editable!:boolean field! readable:boolean",
    "PermissionSetObjectPermissions": (
        "allowCreate!:boolean allowDelete!:boolean allowEdit!:boolean allowRead!:boolean customizeSetup:boolean "
        "deleteSetup:boolean modifyAllRecords!:boolean object! viewAllFields:boolean viewAllRecords!:boolean "
        "viewSetup:boolean"
    ),
    "PermissionSetTabSetting": "tab! visibility!:PermissionSetTabVisibility",
    "PermissionSetUserPermission": "enabled!:boolean name!",
    "PlatformActionList": (
        "actionListContext!:PlatformActionListContext platformActionListItems*:PlatformActionListItem "
        "relatedSourceEntity"
    ),
    "PlatformActionListItem": "actionName! actionType!:PlatformActionType sortOrder!:number subtype",
    "QuickAction": (
        "actionSubtype:ActionSubtype canvas description fieldOverrides*:FieldOverride flexiPage flowDefinition "
        "height:number icon isProtected:boolean label lightningComponent lightningWebComponent modalSize:unused "
        "optionsCreateFeedItem!:boolean page quickActionLayout:QuickActionLayout quickActionParameters*:unused "
        "quickActionSendEmailOptions:unused standardLabel successMessage targetObject targetParentField "
        "targetRecordType type!:QuickActionType width:number"
    ),
    "QuickActionLayout": "layoutSectionStyle!:LayoutSectionStyle quickActionLayoutColumns*:QuickActionLayoutColumn",
    "QuickActionLayoutColumn": "quickActionLayoutItems*:QuickActionLayoutItem",
    "QuickActionLayoutItem": "emptySpace:boolean field uiBehavior:UiBehavior",
    "RelatedListItem": (
        "customButtons* excludeButtons* fields* quickActions* relatedList! sortField sortOrder:SortOrder"
    ),
    "SecuritySettings": (
        "canUsersGrantLoginAccess:boolean enableAdminLoginAsAnyUser:boolean enableAuditFieldsInactiveOwner:boolean "
        "enableAuraSecureEvalPref:boolean enableCoepHeader:boolean enableCoopHeader:boolean "
        "enableCrossOrgRedirects:boolean enableGraphQLApiForGuestUsers:boolean enablePermissionsPolicy:boolean "
        "enableRequireHttpsConnection:boolean networkAccess:unused passwordPolicies:unused "
        "redirectBlockModeEnabled:boolean sendCspForUncommonClients:boolean sessionSettings:unused "
        "singleSignOnSettings:unused"
    ),
    "SharedTo": (
        "allCustomerPortalUsers allInternalUsers allPartnerUsers allRestrictedEmployeeUsers channelProgramGroup* "
        "channelProgramGroups* group* groups* guestUser* managerSubordinates* managers* portalRole* "
        "portalRoleAndSubordinates* queue* role* roleAndSubordinates* roleAndSubordinatesInternal* roles* "
        "rolesAndSubordinates* territories* territoriesAndSubordinates* territory* territoryAndSubordinates*"
    ),
    "SharingCriteriaRule": (
        "accessLevel! accountSettings:unused booleanFilter criteriaItems*:FilterItem description "
        "includeRecordsOwnedByAll!:boolean label! sharedTo!:SharedTo"
    ),
    "SharingRules": (
        "sharingCriteriaRules*:SharingCriteriaRule sharingGuestRules*:unused sharingOwnerRules*:unused "
        "sharingTerritoryRules*"
    ),
    "ValidationRule": (
        "active!:boolean description errorConditionFormula! errorDisplayField errorMessage! "
        "shouldEvaluateOnClient:boolean"
    ),
    "ValueSet": (
        "controllingField restricted:boolean valueSetDefinition:ValueSetValuesDefinition valueSetName "
        "valueSettings*:unused"
    ),
    "ValueSetValuesDefinition": "sorted!:boolean value*:CustomValue",
}
VALUES = {
    "ActionSubtype": "ScreenAction Action Create Update",
    "CustomSettingsType": "List Hierarchy",
    "DeleteConstraint": "Cascade Restrict SetNull",
    "DeploymentStatus": "InDevelopment Deployed",
    "ElementType": "Float Text",
    "Encoding": "UTF-8 ISO-8859-1 Shift_JIS ISO-2022-JP EUC-JP ks_c_5601-1987 Big5 GB2312 Big5-HKSCS x-SJIS_0213",
    "EncryptedFieldMaskChar": "asterisk X",
    "EncryptedFieldMaskType": "all creditCard ssn lastFour sin nino",
    "EncryptionScheme": (
        "None ProbabilisticEncryption CaseSensitiveDeterministicEncryption CaseInsensitiveDeterministicEncryption"
    ),
    "ExtlClntAppDistState": "Local Packaged Managed AutoInstalled",
    "ExtlClntAppManagedType": "Local Global",
    "ExtlClntAppStartPage": "None Custom OAuth SAML",
    "FieldManageability": "DeveloperControlled SubscriberControlled Locked",
    "FieldType": (
        "AutoNumber Lookup MasterDetail Checkbox Currency Date DateTime Email Number Percent Phone Picklist "
        "MultiselectPicklist Text TextArea LongTextArea Html Url EncryptedText Summary Hierarchy File "
        "MetadataRelationship Location ExternalLookup IndirectLookup CustomDataType Time Address Array Integer Long"
    ),
    "FilterOperation": (
        "equals notEqual lessThan greaterThan lessOrEqual greaterOrEqual contains notContain startsWith includes "
        "excludes within"
    ),
    "FilterScope": (
        "Everything Mine Queue Delegated MyTerritory MyTeamTerritory Team SalesTeam AssignedToMe MineAndMyGroups "
        "ScopingRule"
    ),
    "FormFactor": "Small Medium Large",
    "Gender": (
        "Neuter Masculine Feminine AnimateMasculine ClassI ClassIII ClassV ClassVII ClassIX ClassXI ClassXIV ClassXV "
        "ClassXVI ClassXVII ClassXVIII"
    ),
    "JWTSessionTimeoutType": "UserSession Custom",
    "LayoutHeader": "PersonalTagging PublicTagging",
    "LayoutSectionStyle": "TwoColumnsTopToBottom TwoColumnsLeftToRight OneColumn CustomLinks",
    "NavType": "Standard Console",
    "PermissionSetTabVisibility": "None Available Visible",
    "PermittedUsersPolicyType": "AllSelfAuthorized AdminApprovedPreAuthorized",
    "PlatformActionListContext": (
        "ListView RelatedList ListViewRecord RelatedListRecord Record FeedElement Chatter Global Flexipage MruList "
        "MruRow RecordEdit Photo BannerPhoto ObjectHomeChart ListViewDefinition Dockable Lookup Assistant "
        "ActionDefinition MetadataExplorer"
    ),
    "PlatformActionType": "QuickAction StandardButton CustomButton ProductivityAction ActionLink InvocableAction",
    "PlatformEventPublishBehavior": "PublishAfterCommit PublishImmediately",
    "PlatformEventType": "HighVolume StandardVolume ExternalEvent",
    "PolicyAction": "Block RaiseSessionLevel StepUpMFA",
    "QuickActionType": (
        "Create VisualforcePage Post SendEmail Email LogACall CaseComment ChangeStatus SocialPost Canvas Update "
        "MobileSmartActions MobileCreateFull ChangePriority ChangeDueDate LightningComponent LightningWebComponent "
        "Flow Flexipage MobileExtension Quip SendConversationMessage Copilot"
    ),
    "RefreshTokenPolicyType": "Infinite Zero SpecificLifetime SpecificInactivity",
    "SessionSecurityLevel": "LOW STANDARD HIGH_ASSURANCE",
    "SetupObjectVisibility": "PackageProtected Protected Public",
    "SharingModel": (
        "Private Read ReadSelect ReadWrite ReadWriteTransfer FullAccess ControlledByParent ControlledByLeadOrContact "
        "ControlledByCampaign"
    ),
    "SortOrder": "Asc Desc",
    "StartsWith": "Consonant Vowel Special",
    "SummaryOperations": "count sum min max",
    "TreatBlanksAs": "BlankAsBlank BlankAsZero",
    "UiBehavior": "Edit Required Readonly",
    "UiType": "Aloha Lightning",
}
